/** Training on WebGPU; on a machine without a GPU, SwiftShader runs it. */
import { describe, expect, test } from 'vitest';
import type { Device } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { floats } from '../../src/graph/tensor.ts';
import type { ModelConfig } from '../../src/models/config.ts';
import { createModel } from '../../src/models/registry.ts';
import { randomStream } from '../../src/random/random.ts';
import { TrainingStep } from '../../src/train/step/step.ts';
import { largestDifference } from '../support/close.ts';
import { webgpuIsHere } from '../support/webgpu.ts';

const MINUTES = 60_000;

/** A step for each batch size; losses, and all that was trained or averaged. */
async function train(
  device: Device,
  config: ModelConfig,
  { size, lr, counts }: { size: number; lr: number; counts: readonly number[] },
) {
  // Strict: loading fails when any node of the step would fall back to the CPU.
  const engine = await createEngine({ device, threads: 2, strict: true });
  const step = await TrainingStep.create(engine, createModel(config, 1), {
    batchSize: counts[0],
    weightDecay: 1e-5,
    imageSize: { height: size, width: size },
  });
  const losses: number[] = [];
  for (const count of counts) {
    const images = randomStream('images', count).fillNormal(new Float32Array(count * 3 * size * size));
    const labels = Int32Array.from({ length: count }, (_, i) => i % config.classes);
    losses.push((await step.run({ images, labels, count }, { lr, momentum: 0.9, step: losses.length })).loss);
  }
  const { weights } = await step.readState();
  await step.dispose();
  await engine.close();
  return { losses, weights };
}

const pushpull = { kind: 'pushpull', avg: 3, alpha: 'trainable' } as const;

describe.skipIf(!(await webgpuIsHere()))('on WebGPU', () => {
  test.each<[string, ModelConfig, Parameters<typeof train>[2]]>([
    [
      'ResNet, CIFAR form',
      { model: 'resnet18', form: 'cifar', width: 2, classes: 4, stem: pushpull },
      { size: 16, lr: 0.05, counts: [3, 2, 3] },
    ],
    [
      'ResNet, ImageNet form',
      { model: 'resnet18', form: 'imagenet', width: 2, classes: 4, stem: { kind: 'conv' } },
      { size: 64, lr: 0.05, counts: [3, 2, 3] },
    ],
    [
      'EfficientNet',
      { model: 'efficientnet_b0', form: 'cifar', width: 2, classes: 4, stem: pushpull },
      // So narrow a network has huge gradients at first; at a higher rate rounding errors decide its course.
      { size: 32, lr: 0.001, counts: [4, 4] },
    ],
    [
      'AlexNet',
      { model: 'alexnet', form: 'imagenet', width: 2, classes: 4, stem: { kind: 'conv' } },
      { size: 80, lr: 0.05, counts: [2, 2] },
    ],
  ])(
    'a training step runs without the CPU and learns what the CPU learns: %s',
    async (_, config, run) => {
      const [cpu, gpu] = [await train('cpu', config, run), await train('webgpu', config, run)];
      cpu.losses.forEach((loss, i) => {
        expect(gpu.losses[i]).toBeCloseTo(loss, 3);
      });
      for (const [name, tensor] of cpu.weights) {
        const { difference } = largestDifference(floats(gpu.weights.get(name)!), floats(tensor));
        expect(difference, name).toBeLessThan(2e-3);
      }
    },
    5 * MINUTES,
  );
});
