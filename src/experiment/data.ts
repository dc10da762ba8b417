/** Where the data of an experiment is, and what must be said when it is other data than the file means. */
import path from 'node:path';
import { parseCorruptedSpec } from '../data/corrupted/spec.ts';
import { BUILT_IN_DATASETS } from '../data/dataset.ts';
import { MNIST_PART } from '../data/formats/mnist.ts';
import { parseImageNetSpec } from '../data/imagenet/source.ts';
import { isNpyPair } from '../data/npy/pair.ts';
import { UserError } from '../errors.ts';
import type { Experiment } from './read.ts';

/** `imagenet`, `imagenet100`: a data set whose place the file leaves open. */
const PLACELESS = /^imagenet(\d*)$/;

/**
 * What is opened: the file's data, or what `--data` says instead.
 *
 * @param given `--data`: as `pushpull train` takes it; where the file means ImageNet, also the mere path of that
 * @throws UserError when the file leaves the place open and nothing is given
 */
export function dataSpec({ data, file }: Pick<Experiment, 'data' | 'file'>, given?: string): string {
  const placeless = PLACELESS.exec(data);
  if (given === undefined) {
    if (placeless) {
      throw new UserError(
        `${file}: the data is ${data}, expected the place of ImageNet with --data PATH, found none`,
      );
    }
    return relativeTo(path.dirname(file), data);
  }
  const mere = !isBuiltIn(given) && !isNpyPair(given) && parseImageNetSpec(given) === undefined;
  return placeless && mere ? `${data}:${given}` : given;
}

/** The corrupted set that is measured, if any; `given` is `--corrupted`. */
export function corruptedSpec(experiment: Experiment, given?: string): string | undefined {
  const { corrupted } = experiment.evaluation;
  const spec = given ?? (corrupted && relativeTo(path.dirname(experiment.file), corrupted));
  if (spec === undefined || parseCorruptedSpec(spec)) return spec;
  throw new UserError(
    `--corrupted: expected cifar10-c:PATH, cifar100-c:PATH or imagenet-c:PATH, found "${spec}"`,
  );
}

/** Paths in a file are meant from its folder. */
function relativeTo(folder: string, spec: string): string {
  if (isBuiltIn(spec)) return spec;
  const [, prefix = '', place = ''] =
    /^((?:imagenet\d*|cifar100?-c|imagenet-c|npy):)?(.*)$/s.exec(spec) ?? [];
  return `${prefix}${path.resolve(folder, place)}`;
}

function isBuiltIn(spec: string): boolean {
  return (BUILT_IN_DATASETS as readonly string[]).includes(spec);
}

/** Names by which data sets call themselves, by what a file calls them. */
function ownName(data: string): string | undefined {
  if (data === 'cifar10') return 'CIFAR-10';
  if (data === 'mnist') return 'MNIST';
  const [, classes] = PLACELESS.exec(data.replace(/:.*$/s, '')) ?? [];
  if (classes === undefined) return undefined;
  return classes === '' || classes === '1000' ? 'ImageNet' : `ImageNet-${classes}`;
}

/** What data calls itself; ImageNet by its number of classes, where it has not all. */
export function dataTitle({ name, classes }: { name: string; classes: readonly string[] }): string {
  return name === 'ImageNet' && classes.length !== 1000 ? `ImageNet-${classes.length}` : name;
}

/** A sentence for every title and caption where the data is not what the file means; undefined where it is. */
export function otherDataNote({ data }: Pick<Experiment, 'data'>, opened: string): string | undefined {
  const meant = ownName(data);
  if (meant === undefined || meant === opened) return undefined;
  // MNIST tells in its own name whether it is all of it.
  if (meant === 'MNIST' && opened === MNIST_PART) return undefined;
  return `on ${opened} in place of ${meant}`;
}
