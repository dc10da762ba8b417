/** How a model was understood, in words: what it is fed, what it answers, and which classes that are. */

import pc from 'picocolors';
import { describeGeometry } from '../../evaluate/model/geometry.ts';
import type { ModelReading, ResultData } from '../../evaluate/result/schema.ts';
import type { ModelPreview } from '../../evaluate/subject.ts';
import { decimals, percent, plural, thousands } from '../../words.ts';
import { facts, fitted } from '../shared/lines.ts';

/** The values that a network is fed, in the order of its own channels. */
export function valuesFact(
  { mean, std, channels, dtype }: ResultData['preprocessing'],
  reading: ModelReading | undefined,
): string {
  const order = channels === 'bgr' ? 'BGR, ' : channels === 'grey' ? 'grey, ' : '';
  if (dtype === 'uint8') return `${order}pixel values (${reading?.input.dtype ?? dtype})`;
  const own = (values: readonly number[]) =>
    channels === 'grey' ? values.slice(0, 1) : channels === 'bgr' ? [...values].reverse() : values;
  const rounded = (values: readonly number[]) =>
    own(values)
      .map((value) => Number(decimals(value, 4)))
      .join(' ');
  const type = reading && reading.input.dtype !== 'float32' ? `, ${reading.input.dtype}` : '';
  return `${order}mean ${rounded(mean)}, std ${rounded(std)}${type}`;
}

export function readingFacts({
  file = [],
  input,
  output,
  scores,
  classes,
}: ModelReading): [name: string, text: string][] {
  const { from, why, unused, shared } = classes;
  const notes = [
    unused > 0 &&
      `the answer is taken among ${thousands(output.count - unused)} of ${plural(output.count, 'output')}`,
    shared > 0 && `${shared} of them stand for several outputs, whose probabilities are added`,
  ].filter((note) => note !== false);
  // Of our own models nothing had to be found out.
  const chosen = file.map((note, at): [string, string] => [at === 0 ? 'file' : '', note]);
  if (from === 'card' && notes.length === 0) return chosen;
  return [
    ...chosen,
    ...(input.declared ? [['', `as ${input.declared}`] as [string, string]] : []),
    ['output', `${output.name}, ${thousands(output.count)} ${scores.kind} (${scores.why})`],
    ['classes', [why, ...notes].join('; ')],
  ];
}

/** What was read otherwise than assumed, and what looks wrong: on the error stream, so that a log of results stays one. */
export function printDoubts({ adopted = [], doubts = [] }: ModelReading): void {
  const print = (name: string, paint: (text: string) => string, text: string) => {
    const [first, ...rest] = fitted(`${name}: ${text}`, process.stderr);
    console.error([`${paint(`${name}:`)}${first!.slice(name.length + 1)}`, ...rest].join('\n'));
  };
  for (const text of adopted) print('read otherwise', pc.cyan, text);
  for (const text of doubts) print('warning', pc.yellow, text);
}

/** What was taken for lack of anything that tells. */
export function printAssumed({ assumedGeometry }: ResultData): void {
  if (assumedGeometry !== undefined) console.error(`${pc.cyan('assumed:')} ${assumedGeometry}`);
}

/** All that was understood of a model, and what it says of a few images. */
export function printPreview({ model, data, answers }: ModelPreview): void {
  const { reading } = model;
  const { input, output, scores, classes } = reading;
  const { width, height, layout } = data.preprocessing;
  const shape = input.shape.map((length) => (length === '' ? '?' : length)).join(', ');
  const batch =
    input.batch === null ? 'any number of images at once' : `${plural(input.batch, 'image')} at once`;
  const others = classes.unused > 0 ? `, ${plural(classes.unused, 'other')} masked` : '';
  const shared =
    classes.shared > 0 ? `, ${classes.shared} of them by several outputs (probabilities added)` : '';
  facts([
    ['model', `${model.name} ${model.variant}, ${plural(model.parameters, 'parameter')}`],
    ...(reading.file ?? []).map((note, at) => [at === 0 ? 'file' : '', note] as const),
    ['input', `${input.name}, ${input.dtype} [${shape}], ${layout}, ${batch}`],
    [
      'images',
      `${width}×${height} ${data.corrupted ? 'of the set, as they are' : describeGeometry(data.preprocessing)}; ${valuesFact(data.preprocessing, reading)}`,
    ],
    ...(input.declared ? [['', `as ${input.declared}`] as const] : []),
    ['output', `${output.name}, ${output.dtype}, ${plural(output.count, 'score')} an image`],
    ['scores', `${scores.kind}: ${scores.why}`],
    ['classes', `${thousands(data.classes)} of the data${shared}${others}`],
    ['labels', classes.why],
    ['data', `${data.name} ${data.split}, ${plural(data.images, 'image')}`],
  ]);
  printAssumed(data);
  printDoubts(reading);
  const right = answers.filter(({ label, predicted }) => label === predicted).length;
  console.log(`right on ${right} of ${plural(answers.length, 'sample image')}:`);
  const width1 = Math.max(...answers.map(({ label }) => label.length));
  const width2 = Math.max(...answers.map(({ predicted = NO_OPINION }) => predicted.length));
  for (const { image, label, predicted = NO_OPINION, confidence } of answers) {
    const mark = predicted === label ? pc.green('✓') : pc.red('✗');
    const sure = percent(confidence).padStart(7);
    console.log(`  ${mark} ${label.padEnd(width1)}  ${predicted.padEnd(width2)} ${sure}  ${pc.dim(image)}`);
  }
}

const NO_OPINION = 'not a number';
