import { expect, test } from 'vitest';
import { generated, generatedLabels } from './generated.ts';
import {
  readGenerated,
  readNetworkCases,
  readOpCases,
  readSgdCases,
  readTrainingCases,
} from './torch-fixtures.ts';

test('weights and images are generated as in Python, bit for bit', () => {
  const { arrays, labels } = readGenerated();
  expect(arrays).toHaveLength(4);
  for (const { name, offset, scale, values } of arrays) {
    expect(generated(name, values.length, offset, scale)).toEqual(values);
  }
  expect([...generatedLabels(labels.name, labels.values.length, labels.classes)]).toEqual(labels.values);
});

test('every stored op case holds an output, its upstream gradient and a gradient per float input', () => {
  for (const one of (['ops', 'pushpull', 'pushpull2020', 'layers'] as const).flatMap(readOpCases)) {
    const [output] = one.outputs.values();
    expect(one.upstream.shape, one.name).toEqual(output.shape);
    for (const [name, gradient] of one.gradients) {
      expect(gradient.shape, `${one.op}, ${one.name}: ${name}`).toEqual(one.inputs.get(name)?.shape);
    }
  }
});

test('the stored networks and optimiser runs can be read', () => {
  for (const one of readNetworkCases())
    expect(one.logits.shape).toEqual([one.labels.length, one.config.classes]);
  for (const one of readTrainingCases()) {
    expect(one.losses).toHaveLength(one.schedule.steps);
    expect(one.batches[0].images.shape[0]).toBe(one.batches[0].labels.length);
  }
  for (const one of readSgdCases()) expect(one.parameters.shape).toEqual(one.gradients.shape);
});
