/** Training on WebGPU; on a machine without a GPU, SwiftShader runs it. */
import { describe, expect, test } from 'vitest';
import type { Device } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { floats } from '../../src/graph/tensor.ts';
import type { ModelConfig } from '../../src/models/config.ts';
import { createModel } from '../../src/models/registry.ts';
import { randomStream } from '../../src/random/random.ts';
import { TrainingStep } from '../../src/train/step.ts';
import { largestDifference } from '../support/close.ts';
import { webgpuIsHere } from '../support/webgpu.ts';

const MINUTES = 60_000;

/** Two steps, one of another batch size; losses and one trained tensor. */
async function train(device: Device, config: ModelConfig, size: number) {
  // Strict: loading fails when any node of the step would fall back to the CPU.
  const engine = await createEngine({ device, threads: 2, strict: true });
  const step = await TrainingStep.create(engine, createModel(config, 1), {
    batchSize: 3,
    weightDecay: 1e-5,
    imageSize: { height: size, width: size },
  });
  const losses: number[] = [];
  for (const count of [3, 2, 3]) {
    const images = randomStream('images', count).fillNormal(new Float32Array(count * 3 * size * size));
    const labels = Int32Array.from({ length: count }, (_, i) => i % config.classes);
    losses.push((await step.run({ images, labels, count }, { lr: 0.05, momentum: 0.9 })).loss);
  }
  const { weights } = await step.readState();
  await step.dispose();
  await engine.close();
  return { losses, weight: weights.get('conv1.weight')!, variance: weights.get('bn1.running_var')! };
}

const pushpull = { kind: 'pushpull', avg: 3, alpha: 'trainable' } as const;

describe.skipIf(!(await webgpuIsHere()))('on WebGPU', () => {
  test.each<[string, ModelConfig, number]>([
    ['CIFAR form', { model: 'resnet18', form: 'cifar', width: 2, classes: 4, stem: pushpull }, 16],
    [
      'ImageNet form',
      { model: 'resnet18', form: 'imagenet', width: 2, classes: 4, stem: { kind: 'conv' } },
      64,
    ],
  ])(
    'a training step runs without the CPU and learns what the CPU learns: %s',
    async (_, config, size) => {
      const [cpu, gpu] = [await train('cpu', config, size), await train('webgpu', config, size)];
      cpu.losses.forEach((loss, i) => {
        expect(gpu.losses[i]).toBeCloseTo(loss, 3);
      });
      expect(largestDifference(floats(gpu.weight), floats(cpu.weight)).difference).toBeLessThan(2e-3);
      expect(largestDifference(floats(gpu.variance), floats(cpu.variance)).difference).toBeLessThan(1e-3);
    },
    5 * MINUTES,
  );
});
