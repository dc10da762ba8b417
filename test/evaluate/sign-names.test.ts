import { expect, it } from 'vitest';
import { findClassOutputs } from '../../src/evaluate/model/labels/class-outputs.ts';
import { parseLabels } from '../../src/evaluate/model/labels/output-names.ts';

it('classes called by signs are not taken for each other', () => {
  const ask = (...names: string[]) => {
    const outputs = names.map((name) => [name]);
    const given = { names: outputs, complete: true, from: 'file', source: 'labels.txt' } as const;
    return findClassOutputs({ classes: ['(', '+', '='], count: 3, names: given, file: 'm.onnx' });
  };
  expect(ask('+', '=', '(').outputs).toEqual([[2], [0], [1]]);
  expect(() => ask('plus', '=', '(')).toThrow(/found none for 1 \(\+\)/);
});

it('a line "-" is the class called so where the data has it, else no class', () => {
  const ask = (classes: readonly string[], text: string) => {
    const given = { ...parseLabels(text, 'l'), from: 'file', source: 'labels.txt' } as const;
    return findClassOutputs({ classes, count: given.names.length, names: given, file: 'm.onnx' }).outputs;
  };
  expect(ask(['+', '-'], '-\n+\n')).toEqual([[1], [0]]);
  expect(ask(['+', '-'], '["+", null, "-"]')).toEqual([[0], [2]]);
  expect(ask(['a', 'b'], '-\nb\n-\na\n')).toEqual([[3], [1]]);
  expect(() => ask(['+', '-'], '-\n+\n-\n')).toThrow(
    '--labels labels.txt: expected "-" once, for the data has a class called so, found it for 2 outputs; ' +
      'pass --labels FILE, JSON with null for outputs of no class',
  );
  expect(() => ask(['a', 'c'], '-\n-\na\n')).toThrow(/The outputs are called a: name it/);
});
