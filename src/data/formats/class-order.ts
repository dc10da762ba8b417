/** Which classes labels mean, and in which order. */
import { UserError } from '../../errors.ts';

export interface LabelClasses {
  /** Names, by label. */
  readonly classes: readonly string[];
  /** How they are ordered, for people. */
  readonly order: string;
  /** What was assumed of them. */
  readonly notes: readonly string[];
  /** The class of what stands in the data. */
  indexOf(value: string): number;
}

/** More numbered classes are no classes. */
const MOST_CLASSES = 100_000;

/**
 * Names are sorted by code units. Whole numbers are the classes' places, so that a number that no image has is a class
 * without images; numbers that begin at 1 and leave none out are counted from there.
 *
 * @param values all labels of the data, of every split that is known
 * @param names of numbered classes, where the data tells them, and what tells them
 * @throws UserError when a number has no name, or is below 0
 */
export function orderClasses(
  values: Iterable<string>,
  place: string,
  names?: { readonly names: readonly string[]; readonly from: string },
): LabelClasses {
  const distinct = [...new Set(values)];
  const below = distinct.find((value) => /^-\d+(\.0*)?$/.test(value));
  if (below !== undefined && distinct.every((value) => /^-?\d+(\.0*)?$/.test(value))) {
    // Sorted by name they would be in the order of text: -1, 0, 1, 10, 2.
    throw new UserError(
      `${place}: expected labels of 0 or more, found ${below}, with which images without a label are often marked; leave these out`,
    );
  }
  // Spreadsheets write 3.0 for 3.
  const numbers = distinct.map((value) => (/^\d+(\.0*)?$/.test(value) ? Number(value) : Number.NaN));
  if (distinct.length === 0 || numbers.some(Number.isNaN)) return byName(distinct);
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  if (most >= MOST_CLASSES) {
    throw new UserError(
      `${place}: expected labels below ${MOST_CLASSES}, found ${most}; name the column of the labels`,
    );
  }
  const indices = new Map(distinct.map((value, at) => [value, numbers[at]]));
  if (names) {
    if (most >= names.names.length) {
      throw new UserError(
        `${names.from}: expected a name for label ${most}, found ${names.names.length} names, of the labels 0 to ${names.names.length - 1}; add what is missing`,
      );
    }
    return {
      classes: names.names,
      order: `numbered labels, named by ${names.from}`,
      notes: [],
      indexOf: (value) => indices.get(value)!,
    };
  }
  const isWhole = new Set(numbers).size === most;
  if (least === 1 && isWhole) {
    return {
      classes: Array.from({ length: most }, (_, at) => String(at + 1)),
      order: 'labels by number',
      notes: [`labels run from 1 to ${most}: the first class is "1"`],
      indexOf: (value) => indices.get(value)! - 1,
    };
  }
  const used = new Set(numbers);
  const unused = Array.from({ length: most + 1 }, (_, at) => at).filter((number) => !used.has(number));
  return {
    classes: Array.from({ length: most + 1 }, (_, at) => String(at)),
    order: 'labels by number',
    notes:
      unused.length === 0
        ? []
        : [
            `no image has label ${some(unused.map(String))}: ${unused.length === 1 ? 'a class' : `${unused.length} classes`} without images`,
          ],
    indexOf: (value) => indices.get(value)!,
  };
}

function byName(distinct: readonly string[]): LabelClasses {
  const classes = [...distinct].sort(compareCodeUnits);
  const indices = new Map(classes.map((name, label) => [name, label]));
  return { classes, order: 'classes sorted by name', notes: [], indexOf: (value) => indices.get(value)! };
}

/** The same order on every machine. */
export function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A few names of many, for messages. */
export function some(names: readonly string[], most = 3): string {
  return names.slice(0, most).join(', ') + (names.length > most ? ', ...' : '');
}
