/** Models in many forms, on the same twelve images, against ONNX Runtime in Python and PyTorch (test/fixtures/evaluate). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/contents.ts';
import { openDataset } from '../../src/data/dataset.ts';
import type { OnnxEngine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { answerOf } from '../../src/evaluate/grid/answers.ts';
import { sampleBatch } from '../../src/evaluate/images/samples.ts';
import { openModel, readModelFile } from '../../src/evaluate/model/model.ts';
import type { PreprocessingFlags } from '../../src/evaluate/model/preprocessing.ts';

interface Case {
  readonly model: string;
  readonly options: PreprocessingFlags;
  readonly scores: 'logits' | 'probabilities';
  readonly classesFrom: string;
  readonly predicted: readonly number[];
  readonly confidence: readonly number[];
}

const FIXTURES = fileURLToPath(new URL('../fixtures/evaluate', import.meta.url));
const cases = ['models.json', 'torch-models.json'].flatMap(
  (file) => JSON.parse(readFileSync(path.join(FIXTURES, file), 'utf8')) as Case[],
);

let engine: OnnxEngine;
let dataset: Dataset;
beforeAll(async () => {
  engine = await createEngine({ device: 'cpu', threads: 1 });
  dataset = await openDataset(path.join(FIXTURES, 'images'), 'test');
});
afterAll(async () => {
  await dataset.close();
  await engine.close();
});

/**
 * Digits of a confidence that are the same everywhere, where not five. Half precision is rounded differently by other
 * versions of the runtime and other processors; sums of 8-bit products by processors without VNNI (6e-5 on an EPYC 7003).
 */
const DIGITS: Readonly<Record<string, number>> = { 'float16.onnx': 2, 'qdq.onnx': 3, 'qoperator.onnx': 3 };

describe('a model of any form answers as its own runtime says', () => {
  it.each(cases)('$model', async ({ model, options, scores, classesFrom, predicted, confidence }) => {
    const labels = options.labels && path.join(FIXTURES, 'models', options.labels);
    const flags = { ...options, labels };
    const source = await readModelFile(path.join(FIXTURES, 'models', model), labels);
    const opened = await openModel(engine, source, flags);
    try {
      const images = await sampleBatch(dataset, opened.preprocessing);
      expect(images.count).toBe(12);
      const classes = model === 'binary.onnx' ? dataset.classes.slice(0, 2) : dataset.classes;
      const classifier = await opened.classifier(classes, images);
      const { reading } = classifier.model;
      expect(reading.scores.kind).toBe(scores);
      expect(reading.classes.from).toBe(classesFrom);
      const logits = await classifier.classify(images);
      const answers = predicted.map((_, image) =>
        answerOf(logits.subarray(image * classes.length, (image + 1) * classes.length)),
      );
      expect(answers.map(({ output }) => output)).toEqual(predicted);
      for (const [image, answer] of answers.entries()) {
        expect(answer.confidence).toBeCloseTo(confidence[image], DIGITS[model] ?? 5);
      }
    } finally {
      await opened.close();
    }
  });
});
