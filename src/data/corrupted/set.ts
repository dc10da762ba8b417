/** Corrupted test sets as they are published: CIFAR-10-C and ImageNet-C (Hendrycks & Dietterich 2019). */

import path from 'node:path';
import {
  BENCHMARK_CORRUPTIONS,
  type CorruptionName,
  EXTRA_CORRUPTIONS,
  type ParameterSet,
  SEVERITIES,
  type Severity,
} from '../../corrupt/names.ts';
import { UserError } from '../../errors.ts';
import { statIfThere } from '../../files/fs.ts';
import { assembleUncached } from '../assemble.ts';
import type { ClassChoice } from '../class-selection.ts';
import type { Dataset, SplitContents } from '../contents.ts';
import { stratifiedSubset } from '../subset.ts';
import { openCifarC } from './cifar10-c.ts';
import { openImagenetC } from './imagenet-c.ts';
import type { CorruptedReader } from './reader.ts';
import { CORRUPTED_FORMATS, type CorruptedFormat, type CorruptedSpec } from './spec.ts';

/** A corrupted set whose wanted cells are all there. */
export interface CorruptedSet extends CorruptedSpec {
  /** For people: `CIFAR-10-C`. */
  readonly displayName: string;
  /** Class names, by label. */
  readonly classes: readonly string[];
  /** Of the selected images, the same in every cell. */
  readonly labels: Int32Array;
  /** Images of a cell that were selected; absent where all are used. */
  readonly limit?: number;
  /** What is wanted, in the benchmark's order. */
  readonly corruptions: readonly CorruptionName[];
  readonly severities: readonly Severity[];
  readonly strengths: ParameterSet;
  readonly frost: string;
  /** Images that could not be read when the set was made from them, where its manifest tells. */
  readonly leftOut?: number;
  /** Severities that the set holds of a corruption, wanted or not. */
  held(corruption: CorruptionName): readonly Severity[];
  /** The selected images in one state; they are read and decoded anew each time. */
  cell(corruption: CorruptionName, severity: Severity): Dataset;
  close(): Promise<void>;
}

export interface CorruptedSetOptions {
  /** Default: the 15 of the benchmark, and of the four others those that are there. */
  readonly corruptions?: readonly CorruptionName[];
  /** Default: all five. */
  readonly severities?: readonly Severity[];
  /** Of ImageNet-C, use the images of these classes only. Default: all classes of the set. */
  readonly classes?: ClassChoice;
  /** So many images of every cell, the same in each: classes in their shares, chosen by the seed. Default: all. */
  readonly limit?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly cacheDir?: string;
}

/**
 * Open a corrupted set and check that it holds what is wanted, and holds it whole.
 *
 * @throws UserError that lists the corruptions and severities that are missing, or names a file that is damaged
 */
export async function openCorruptedSet(
  { format, path: given }: CorruptedSpec,
  options: CorruptedSetOptions = {},
): Promise<CorruptedSet> {
  const { limit, seed = 0, severities = SEVERITIES } = options;
  const spec = `${format}:${given}`;
  const place = path.resolve(given);
  if (given === '' || !(await statIfThere(place))) {
    throw new UserError(`${spec}: expected the path of a corrupted set, found nothing there; check the path`);
  }
  const reader =
    format === 'imagenet-c'
      ? await openImagenetC(place, options.classes, options.cacheDir)
      : await openCifarC(place, format, options.cacheDir);
  try {
    const { held, displayName } = reader;
    const corruptions = options.corruptions ?? [
      ...BENCHMARK_CORRUPTIONS,
      ...EXTRA_CORRUPTIONS.filter((name) => held.has(name) || reader.declared?.includes(name)),
    ];
    if (held.size === 0 && !reader.declared) throw noSet(format, spec, place);
    checkHeld(spec, reader, corruptions, severities);
    const contents = await reader.open(corruptions, severities);
    const { classes, labels } = contents;
    const chosen =
      limit !== undefined && limit < labels.length
        ? stratifiedSubset(labels, classes.length, limit, seed)
        : undefined;
    const selection = chosen && { limit, seed };
    return {
      ...{ format, path: place, displayName, classes, corruptions, severities },
      ...{ strengths: reader.strengths, frost: reader.frost, leftOut: reader.leftOut },
      labels: chosen ? Int32Array.from(chosen, (index) => labels[index]) : labels,
      limit: selection?.limit,
      held: (corruption) => held.get(corruption) ?? [],
      cell: (corruption, severity) => {
        const name = `${displayName} ${corruption} ${severity}`;
        const split: SplitContents = {
          ...{ kind: format, name, displayName: name, path: place, classes, labels },
          ...contents.cell(corruption, severity),
          close: async () => {},
        };
        return assembleUncached(split, chosen, { kind: format, path: place, split: 'test', ...selection });
      },
      close: () => reader.close(),
    };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

const LAYOUTS: Readonly<Record<CorruptedFormat, string>> = {
  'cifar10-c': '<corruption>.npy and labels.npy',
  'cifar100-c': '<corruption>.npy and labels.npy',
  'imagenet-c': '<corruption>/<severity>/<class>/*.JPEG, or archives of these',
};

/** Another path may have been meant, or the other format. */
function noSet(format: CorruptedFormat, spec: string, place: string): UserError {
  const other = CORRUPTED_FORMATS.find((name) => LAYOUTS[name] !== LAYOUTS[format]);
  return new UserError(
    `${spec}: expected ${LAYOUTS[format]} in ${place}, found no corruption at all; check the path, ` +
      `or give it as ${other}: if it holds ${LAYOUTS[other!]}`,
  );
}

function checkHeld(
  spec: string,
  { held, declared = [], goOn }: CorruptedReader,
  corruptions: readonly CorruptionName[],
  severities: readonly Severity[],
): void {
  const lacking: CorruptionName[] = [];
  const missing = corruptions.flatMap((corruption) => {
    const there = held.get(corruption);
    if (!severities.every((severity) => there?.includes(severity))) lacking.push(corruption);
    if (!there) return [corruption];
    const absent = severities.filter((severity) => !there.includes(severity));
    return absent.length > 0 ? [`${corruption} at severity ${absent.join(', ')}`] : [];
  });
  if (missing.length === 0) return;
  const begun = lacking.filter((name) => declared.includes(name));
  const cure =
    begun.length > 0 && goOn
      ? goOn(begun)
      : 'fetch what is missing, or ask for less with --corruptions and --severities';
  throw new UserError(
    `${spec}: expected ${corruptions.length} corruptions at severities ${severities.join(', ')}, found ${[...held.keys()].join(', ') || 'none'} only; ` +
      `missing: ${missing.join('; ')}. ${cure[0].toUpperCase()}${cure.slice(1)}`,
  );
}
