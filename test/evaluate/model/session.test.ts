import { mkdtempSync, rmSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine, OnnxEngine } from '../../../src/engine/engine.ts';
import { createEngine } from '../../../src/engine/node/index.ts';
import { openModel, readModelFile } from '../../../src/evaluate/model/model.ts';
import { randomStream } from '../../../src/random/random.ts';
import { loadCheckpoint, saveCheckpoint } from '../../../src/run/checkpoint.ts';
import { runPaths } from '../../../src/run/run.ts';
import { startRun } from '../../../src/train/start.ts';

let folder: string;
let onnx: OnnxEngine;
/** An engine that takes graphs and no files, whatever it computes them with. */
let graphs: Engine;
beforeAll(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'pushpull-session-')), 'run');
  const stem = { kind: 'pushpull', avg: 3, alpha: 'trainable' } as const;
  await startRun(
    { data: 'mnist', width: 2, epochs: 1, limit: 64, stem, workers: 1 },
    { out: folder, threads: 1 },
  );
  onnx = await createEngine({ device: 'cpu', threads: 1 });
  graphs = {
    ...{ name: 'torch', version: '2.15.0', device: 'cpu', threads: 1, precision: 'float32' },
    loadGraph: () => Promise.reject(new Error('not asked for')),
    loadNetwork: (build, options) => onnx.loadNetwork(build, options),
    createState: (tensors) => onnx.createState(tensors),
    loadProgram: (outputs, options) => onnx.loadProgram(outputs, options),
    runSeconds: () => onnx.runSeconds(),
    close: () => onnx.close(),
  };
});
afterAll(async () => {
  await onnx.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

const DIGITS = Array.from({ length: 10 }, (_, digit) => String(digit));

async function answers(engine: Engine, model = folder) {
  const opened = await openModel(engine, await readModelFile(model));
  const { width, height } = opened.preprocessing;
  const count = 5;
  const images = randomStream('session').fillNormal(new Float32Array(count * 3 * height * width));
  const classifier = await opened.classifier(DIGITS, { images, count });
  const logits = await classifier.classify({ images, count });
  await opened.close();
  return { logits: Array.from(logits), reading: classifier.model.reading, sha256: classifier.model.sha256 };
}

it("a run's network, built from its checkpoint, answers as its model.onnx does", async () => {
  const [file, built] = [await answers(onnx), await answers(graphs)];
  expect(built.reading).toEqual(file.reading);
  expect(built.sha256).toBe(file.sha256);
  for (const [at, logit] of built.logits.entries()) expect(logit).toBeCloseTo(file.logits[at], 4);
});

it('a file alone is no network that it can build', async () => {
  const { model } = runPaths(folder);
  await expect(answers(graphs, model)).rejects.toThrow(
    `${model}: expected the folder of a run with --engine torch, found an ONNX file, which ONNX Runtime runs; `,
  );
});

it('nor are other channels than the network has', async () => {
  const source = await readModelFile(folder);
  await expect(openModel(graphs, source, { channels: 'bgr' })).rejects.toThrow(/leave --channels out$/);
});

it('nor are weights that are not those of model.onnx', async () => {
  const { checkpoint } = runPaths(folder);
  const { state, ...tensors } = await loadCheckpoint(checkpoint);
  await rename(checkpoint, `${checkpoint}.kept`);
  await saveCheckpoint(checkpoint, {
    ...tensors,
    state: { ...state, position: { epoch: 0, batch: 1, step: 1 } },
  });
  await expect(answers(graphs)).rejects.toThrow(
    `${checkpoint}: expected the weights of model.onnx, after epoch 1, found those of epoch 0; continue the run`,
  );
  rmSync(checkpoint, { recursive: true });
  await rename(`${checkpoint}.kept`, checkpoint);
});
