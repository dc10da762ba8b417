import { expect, it } from 'vitest';
import type { DeviceState, Engine, Program } from '../../src/engine/engine.ts';
import { OutOfMemoryError } from '../../src/errors.ts';
import { createModel } from '../../src/models/registry.ts';
import { TrainingStep } from '../../src/train/step/step.ts';
import { tinyConfig } from './tiny-learner.ts';

const model = createModel({ ...tinyConfig().model, width: 2 }, 0);
const full = () => Promise.reject(new OutOfMemoryError('libtorch: out of memory'));

/** An engine on which all goes well but one thing. */
function engine({ load }: { load?: () => Promise<Program> } = {}): Engine {
  const state = { dispose: async () => {} } as DeviceState;
  const loaded: Program = { run: full, dispose: async () => {} };
  return {
    ...{ name: 'torch', version: '2.15.0', device: 'cpu', threads: 1, precision: 'float32' },
    loadGraph: () => Promise.reject(new Error('not asked for')),
    loadNetwork: () => Promise.reject(new Error('not asked for')),
    createState: async () => state,
    loadProgram: load ?? (async () => loaded),
    runSeconds: async () => 0,
    close: async () => {},
  };
}

const options = { batchSize: 8, weightDecay: 0, imageSize: { height: 8, width: 8 } };
const MESSAGE = '--batch 8: libtorch: out of memory; try --batch 4';

it('a step for which memory does not suffice names the batch size to try', async () => {
  const step = await TrainingStep.create(engine(), model, options);
  // Of a smaller batch too: it is the full one that can be chosen.
  const batch = { images: new Float32Array(3 * 3 * 64), labels: new Int32Array(3), count: 3 };
  await expect(step.run(batch, { lr: 0.1, momentum: 0.9 })).rejects.toThrow(MESSAGE);
  await step.dispose();
});

it('and so does one that cannot be compiled', async () => {
  await expect(TrainingStep.create(engine({ load: full }), model, options)).rejects.toThrow(MESSAGE);
});
