/** How a model was understood, in words: what it is fed, what it answers, and which classes that are. */
import type { ModelReading, ResultData } from '../evaluate/result.ts';
import { thousands } from './progress.ts';

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
      .map((value) => Number(value.toFixed(4)))
      .join(' ');
  const type = reading && reading.input.dtype !== 'float32' ? `, ${reading.input.dtype}` : '';
  return `${order}mean ${rounded(mean)}, std ${rounded(std)}${type}`;
}

export function readingFacts({ output, scores, classes }: ModelReading): [name: string, text: string][] {
  const { from, why, unused, shared } = classes;
  const notes = [
    unused > 0 &&
      `the answer is taken among ${thousands(output.count - unused)} of ${thousands(output.count)} outputs`,
    shared > 0 && `${shared} of them stand for several outputs, whose probabilities are added`,
  ].filter((note) => note !== false);
  const plain = from === 'card' && notes.length === 0;
  return [
    [
      'output',
      `${output.name}, ${thousands(output.count)} ${scores.kind}${from === 'card' ? '' : ` (${scores.why})`}`,
    ],
    ...(plain ? [] : [['classes', [why, ...notes].join('; ')] as [string, string]]),
  ];
}
