/** Orders in which the classes of unnamed outputs may stand. */
import { ILSVRC_IDS } from './ilsvrc-ids.ts';

/**
 * - `data`: that of the data, which is the order of text for folders ("10" before "2"), as torchvision's `ImageFolder` and
 *   Keras have it; `text`: that order where the data has another;
 * - `number`: by the numbers in the names ("2" before "10"); where there are more outputs than classes, the number of a
 *   class is that of its output, `number-1` where classes count from 1, `number+1` after a background;
 * - `letters`: as text, capital letters and small ones alike;
 * - `reverse`: of two classes, the second first;
 * - `ilsvrc`: classes are called by their `ILSVRC2012_ID`, 1 to 1000, outputs stand in the order of WordNet's ids.
 */
export const CLASS_ORDERS = [
  ...(['data', 'text', 'number', 'number-1', 'number+1', 'letters', 'reverse', 'ilsvrc'] as const),
] as const;
export type ClassOrder = (typeof CLASS_ORDERS)[number];

/** In words, for people. */
export const ORDER_WORDS: Readonly<Record<ClassOrder, string>> = {
  data: "the outputs in the order of the data's classes",
  text: 'the outputs in the order of text (10 before 2)',
  number: "the outputs in the order of the numbers in the classes' names (2 before 10)",
  'number-1': "the outputs by the numbers in the classes' names, which count from 1",
  'number+1': "the outputs by the numbers in the classes' names, after a background",
  letters: 'the outputs in the order of text, capital letters and small ones alike',
  reverse: 'the output of the second class first',
  ilsvrc: 'the classes by their ILSVRC2012_ID, the outputs in the order of WordNet ids',
};

/**
 * The output of each class in an order; undefined where there is no such order of these classes.
 *
 * @param count outputs of the model
 */
export function outputsInOrder(
  order: ClassOrder,
  classes: readonly string[],
  count: number,
): readonly number[] | undefined {
  if (order === 'ilsvrc') return inIlsvrcOrder(classes, count);
  if (order === 'number-1') return byNumber(classes, count, -1);
  if (order === 'number+1') return byNumber(classes, count, 1);
  if (classes.length !== count) return order === 'number' ? byNumber(classes, count, 0) : undefined;
  if (order === 'data') return classes.map((_, label) => label);
  if (order === 'reverse') return count === 2 ? [1, 0] : undefined;
  const compare = { text: compareText, number: compareNumbers, letters: compareLetters }[order];
  const sorted = classes.map((name, label) => ({ name, label })).sort((a, b) => compare(a.name, b.name));
  const outputs = new Array<number>(count);
  for (const [output, { label }] of sorted.entries()) outputs[label] = output;
  return outputs;
}

/** The orders that are another than the data's and that somebody may have meant, with the outputs of the classes. */
export function otherOrders(
  classes: readonly string[],
  count: number,
): { readonly order: ClassOrder; readonly outputs: readonly number[] }[] {
  const seen = new Set([classes.map((_, label) => label).join()]);
  return CLASS_ORDERS.flatMap((order) => {
    const outputs = outputsInOrder(order, classes, count);
    if (!outputs || seen.has(outputs.join())) return [];
    seen.add(outputs.join());
    return [{ order, outputs }];
  });
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareLetters(a: string, b: string): number {
  return compareText(a.toLowerCase(), b.toLowerCase()) || compareText(a, b);
}

/** Part by part: digits by their value, anything else as text. */
function compareNumbers(a: string, b: string): number {
  const [partsA, partsB] = [parts(a), parts(b)];
  for (let at = 0; at < Math.min(partsA.length, partsB.length); at++) {
    const [first, second] = [partsA[at], partsB[at]];
    const difference =
      isDigits(first) && isDigits(second) ? compareDigits(first, second) : compareText(first, second);
    if (difference !== 0) return difference;
  }
  return partsA.length - partsB.length || compareText(a, b);
}

const parts = (name: string): string[] => name.match(/\d+|\D+/g) ?? [''];
const isDigits = (part: string): boolean => /^\d/.test(part);

/** Of any length, which numbers of JavaScript do not hold. */
function compareDigits(a: string, b: string): number {
  const [first, second] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return first.length - second.length || compareText(first, second);
}

/** The numbers of classes that are called by one each, with the same text around it: `7`, `class_07`. */
function numbersOf(classes: readonly string[]): number[] | undefined {
  const matches = classes.map((name) => /^(\D*)(\d{1,9})(\D*)$/.exec(name));
  const [first] = matches;
  if (!first || !matches.every((match) => match?.[1] === first[1] && match[3] === first[3])) return undefined;
  return matches.map((match) => Number(match![2]));
}

/** Output = number + shift, where that is an output of its own for each class. */
function byNumber(classes: readonly string[], count: number, shift: number): number[] | undefined {
  const outputs = numbersOf(classes)?.map((number) => number + shift);
  if (!outputs || classes.length > count || new Set(outputs).size < outputs.length) return undefined;
  return outputs.every((output) => output >= 0 && output < count) ? outputs : undefined;
}

function inIlsvrcOrder(classes: readonly string[], count: number): number[] | undefined {
  if (count !== ILSVRC_IDS.length) return undefined;
  const outputs = byNumber(classes, count + 1, 0)?.map((id) => ILSVRC_IDS.indexOf(id));
  return outputs?.every((output) => output >= 0) ? outputs : undefined;
}
