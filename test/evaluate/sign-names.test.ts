import { expect, it } from 'vitest';
import { findClassOutputs } from '../../src/evaluate/labels/class-outputs.ts';

it('classes called by signs are not taken for each other', () => {
  const ask = (...names: string[]) => {
    const outputs = names.map((name) => [name]);
    const given = { names: outputs, complete: true, from: 'file', source: 'labels.txt' } as const;
    return findClassOutputs({ classes: ['(', '+', '='], count: 3, names: given, file: 'm.onnx' });
  };
  expect(ask('+', '=', '(').outputs).toEqual([[2], [0], [1]]);
  expect(() => ask('plus', '=', '(')).toThrow(/found none for 1 \(\+\)/);
});
