import { UserError } from '../errors.ts';
import { randomStream } from '../random/random.ts';
import { plural } from '../words.ts';
import type { SplitContents } from './contents.ts';
import { selectImages } from './storage.ts';

/** Some of the classes of a data set. */
export type ClassSelection =
  | {
      readonly kind: 'names';
      /** Names of classes, or lines that begin with one (`n01440764 tench`). */
      readonly names: readonly string[];
      /** What says so, for messages: an option or a file. */
      readonly from: string;
    }
  /** Drawn at random: smaller draws of one seed lie within larger ones. */
  | { readonly kind: 'draw'; readonly count: number; readonly seed: number };

/** A selection, or who chooses once the classes are known; undefined for all of them. */
export type ClassChoice = ClassSelection | ((classes: readonly string[]) => readonly string[] | undefined);

/** Lines that begin so are comments, unless they are the name of a class. */
const COMMENT = '#';

/** @throws UserError when the file names no class */
export function parseClassList(text: string, file: string): ClassSelection {
  const names = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (names.some((line) => !line.startsWith(COMMENT))) return { kind: 'names', names, from: file };
  throw new UserError(`${file}: expected a class name a line, found none`);
}

/**
 * The classes that are wanted, in the order of `classes`.
 *
 * @throws UserError when the selection has classes that are not there, or fewer than two
 */
export function chooseClasses(
  classes: readonly string[],
  selection: ClassChoice,
  place: string,
): readonly string[] {
  if (typeof selection === 'function') return selection(classes) ?? classes;
  if (selection.kind === 'draw') {
    const { count, seed } = selection;
    if (count > classes.length) {
      throw new UserError(`${place}: expected ${count} classes to draw, found ${classes.length}; draw fewer`);
    }
    const order = randomStream('classes', seed).permutation(classes.length).subarray(0, count);
    return Array.from(order.sort(), (label) => classes[label]);
  }
  const there = new Set(classes);
  const wanted = new Set<string>();
  const missing: string[] = [];
  for (const line of selection.names) {
    const name = there.has(line) ? line : line.split(/\s/)[0];
    if (there.has(name)) wanted.add(name);
    else if (!line.startsWith(COMMENT)) missing.push(name);
  }
  if (missing.length > 0) {
    const listed = missing.slice(0, 3).join(', ') + (missing.length > 3 ? ', ...' : '');
    throw new UserError(
      `${selection.from}: expected classes of ${place}, found ${missing.length} that it lacks (${listed}); ` +
        `its classes are called ${classes.slice(0, 3).join(', ')}${classes.length > 3 ? ', ...' : ''}`,
    );
  }
  if (wanted.size < 2) {
    throw new UserError(`${selection.from}: expected two classes or more, found ${wanted.size}`);
  }
  return classes.filter((name) => wanted.has(name));
}

/** The images of some classes, which are numbered anew in their order. */
export function selectClasses(contents: SplitContents, selection: ClassChoice): SplitContents {
  const { name, displayName, classes, labels, storage, path: place } = contents;
  const chosen = chooseClasses(classes, selection, place ?? displayName);
  if (chosen.length === classes.length) return contents;
  const newLabels = new Map(chosen.map((className, label) => [classes.indexOf(className), label]));
  const images = Uint32Array.from(labels.keys()).filter((index) => newLabels.has(labels[index]));
  const isImageNet = contents.kind === 'imagenet';
  return {
    ...contents,
    name: isImageNet ? `imagenet${chosen.length}` : name,
    displayName: isImageNet
      ? `ImageNet-${chosen.length}`
      : `${displayName} (${chosen.length} of ${plural(classes.length, 'class')})`,
    classes: chosen,
    selected: true,
    labels: Int32Array.from(images, (index) => newLabels.get(labels[index])!),
    storage: selectImages(storage, images),
    describe: (index) => contents.describe(images[index]),
  };
}
