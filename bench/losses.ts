/** Losses of some training steps, to be held against PyTorch's from the same weights on the same batches. */
import type { Engine } from '../src/engine/engine.ts';
import { float32, type Tensor } from '../src/graph/tensor.ts';
import { randomStream } from '../src/random/random.ts';
import { TrainingStep } from '../src/train/step/step.ts';
import { createNetwork, stepOptions, type Workload } from './network.ts';
import type { LossesRequest } from './protocol.ts';
import { readRaw } from './raw.ts';

export async function losses(engine: Engine, request: LossesRequest): Promise<number[]> {
  const { workload, steps, lr, momentum, weightDecay } = request;
  const model = { ...createNetwork(workload), parameters: await readRaw(request.weights) };
  const batches = await readRaw(request.batches);
  const step = await TrainingStep.create(engine, model, { ...stepOptions(workload), weightDecay });
  const results: number[] = [];
  for (let i = 0; i < steps; i++) {
    const [images, labels] = ['images', 'labels'].map(
      (name) => batches.get(`${name}${i % (batches.size / 2)}`)!,
    );
    const batch = {
      images: images.data as Float32Array,
      labels: labels.data as Int32Array,
      count: workload.batch,
    };
    results.push((await step.run(batch, { lr, momentum, step: i })).loss);
  }
  await step.dispose();
  return results;
}

/** Noise with a faint pattern of its class: something to learn that is not learned at once. */
export function makeBatches({ batch, classes, size }: Workload, count: number): Map<string, Tensor> {
  const values = 3 * size * size;
  const random = randomStream('bench-losses');
  const patterns = Array.from({ length: classes }, () => random.fillNormal(new Float32Array(values), 0, 0.3));
  const tensors = new Map<string, Tensor>();
  for (let number = 0; number < count; number++) {
    const labels = Int32Array.from({ length: batch }, () => random.int(0, classes));
    const images = random.fillNormal(new Float32Array(batch * values));
    labels.forEach((label, image) => {
      for (let i = 0; i < values; i++) images[image * values + i] += patterns[label][i];
    });
    tensors.set(`images${number}`, float32(images, [batch, 3, size, size]));
    tensors.set(`labels${number}`, { dtype: 'int32', shape: [batch], data: labels });
  }
  return tensors;
}
