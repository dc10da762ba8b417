import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { Graph } from '../../../src/graph/graph.ts';
import { float32, floats, numElements, type Tensor } from '../../../src/graph/tensor.ts';
import type { ModelConfig } from '../../../src/models/config.ts';
import { createModel, type ImageModel } from '../../../src/models/registry.ts';
import { Conv2d, InferenceContext, type Module, PushPullConv2d } from '../../../src/nn/index.ts';
import type { LabelledBatch } from '../../../src/train/step/learner.ts';
import { reestimateBatchNorm } from '../../../src/train/step/reestimate.ts';
import { expectClose, largestDifference } from '../../support/close.ts';
import { testEngine } from '../../support/engine.ts';
import { generated } from '../../support/generated.ts';
import { runGraph } from '../../support/run-graph.ts';

/** What PyTorch's update_bn makes of it (make_statistics.py). */
const reference = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../fixtures/train/statistics.json', import.meta.url)), 'utf8'),
) as { config: ModelConfig; counts: number[]; size: number; statistics: Record<string, number[]> };

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

const imageSize = { height: reference.size, width: reference.size };

async function* batches(counts: readonly number[]): AsyncGenerator<LabelledBatch> {
  for (const [i, count] of counts.entries()) {
    const images = generated(`batch ${i}`, count * 3 * reference.size ** 2, 0.2, 2);
    yield { images, labels: new Int32Array(count), count };
  }
}

function weightsOf(model: ImageModel): Map<string, Tensor> {
  return new Map(
    [...model.parameters].map(([name, { shape }]) => {
      const [offset, scale] = name.includes('running') ? [5, 1] : [0.1, 0.5];
      return [name, float32(generated(name, numElements(shape), offset, scale), shape)];
    }),
  );
}

describe('batch norms that are measured anew', () => {
  const model = createModel(reference.config, 0);
  const weights = weightsOf(model);

  it("have PyTorch's statistics, and nothing else is changed", async () => {
    const done: number[] = [];
    const onBatch = (count: number): boolean => done.push(count) > 0;
    const options = { imageSize, seed: 0, onBatch };
    const measured = await reestimateBatchNorm(engine, model, weights, batches(reference.counts), options);
    expect(done).toEqual([0, 1, 2, 3]);
    expect([...measured!.keys()].sort()).toEqual([...weights.keys()].sort());
    for (const [name, tensor] of measured!) {
      const expected = reference.statistics[name];
      if (expected === undefined) expect(tensor, name).toEqual(weights.get(name));
      else expectClose(tensor, float32(expected, tensor.shape), 3e-6, name);
    }
  });

  it('do not depend on what they were, so that doing it again gives the same bits', async () => {
    const options = { imageSize, seed: 0 };
    const once = await reestimateBatchNorm(engine, model, weights, batches([4, 4]), options);
    const twice = await reestimateBatchNorm(engine, model, once!, batches([4, 4]), options);
    expect(twice).toEqual(once);
  });

  it('stay as they are when it is stopped, or when there are no images', async () => {
    const onBatch = (done: number): boolean => done < 1;
    const stopped = { imageSize, seed: 0, onBatch };
    expect(await reestimateBatchNorm(engine, model, weights, batches([4, 4]), stopped)).toBeUndefined();
    expect(
      await reestimateBatchNorm(engine, model, weights, batches([]), { imageSize, seed: 0 }),
    ).toBeUndefined();
  });

  it('draw the random numbers of dropout from the seed', async () => {
    const config = {
      model: 'efficientnet_b0',
      form: 'cifar',
      width: 4,
      classes: 3,
      stem: { kind: 'conv' },
    } as const;
    const network = createModel(config, 3);
    const measure = (seed: number) =>
      reestimateBatchNorm(engine, network, network.parameters, batches([4]), { imageSize, seed });
    const [first, again, other] = [await measure(1), await measure(1), await measure(2)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });
});

describe('a plain convolution as the start of a push-pull layer with alpha 1, without pooling', () => {
  const [channels, filters, kernelSize] = [3, 8, 5];
  const shape = [filters, channels, kernelSize, kernelSize];
  const x = float32(generated('x', 2 * 3 * 16 * 16, 0, 2), [2, 3, 16, 16]);

  /** Kernels of which the largest and the smallest weight cancel out: both are set to the same size. */
  function balanced(): Tensor {
    const data = generated('kernels', numElements(shape));
    const length = numElements(shape) / filters;
    for (let filter = 0; filter < filters; filter++) {
      const one = data.subarray(filter * length, (filter + 1) * length);
      one[one.indexOf(Math.max(...one))] = 1.5;
      one[one.indexOf(Math.min(...one))] = -1.5;
    }
    return float32(data, shape);
  }

  async function apply(layer: Module, weight: Tensor): Promise<Tensor> {
    const graph = new Graph();
    const input = graph.input('x', 'float32', x.shape);
    const y = layer.call(input, new InferenceContext(graph, layer, new Map([['weight', weight]])));
    return (await runGraph(engine, new Map([['y', y]]), { x })).y;
  }

  it('computes the same where the extremes of each filter cancel out', async () => {
    const weight = balanced();
    const geometry = { padding: 2 };
    const plain = await apply(new Conv2d(channels, filters, kernelSize, geometry), weight);
    const unit = { ...geometry, avg: 0, alpha: 1 };
    const pushPull = await apply(new PushPullConv2d(channels, filters, kernelSize, unit), weight);
    expectClose(pushPull, plain, 1e-6, 'responses');
  });

  it('and not where they do not', async () => {
    const weight = float32(generated('kernels', numElements(shape), 0.2), shape);
    const plain = await apply(new Conv2d(channels, filters, kernelSize), weight);
    const pushPull = await apply(
      new PushPullConv2d(channels, filters, kernelSize, { avg: 0, alpha: 1 }),
      weight,
    );
    expect(largestDifference(floats(pushPull), floats(plain)).difference).toBeGreaterThan(1);
  });
});
