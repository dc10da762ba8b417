import type { Engine, GraphOutputs, Program, StateBinding } from '../../engine/engine.ts';
import { Graph } from '../../graph/graph.ts';
import type { Shape, Tensor } from '../../graph/tensor.ts';
import { float32 } from '../../graph/tensor.ts';
import type { Value } from '../../graph/value.ts';
import type { ImageModel } from '../../models/registry.ts';
import { TrainingContext, type Weights } from '../../nn/index.ts';
import { randomStream } from '../../random/random.ts';
import type { LabelledBatch } from './learner.ts';
import { drawNoise } from './noise.ts';

export interface ReestimateOptions {
  readonly imageSize: { readonly height: number; readonly width: number };
  /** Of the random numbers of dropout. */
  readonly seed: number;
  /** Called before each batch with the number of those that are done; false ends the work, and nothing is changed. */
  readonly onBatch?: (done: number) => boolean;
}

interface Statistics {
  readonly outputs: GraphOutputs;
  readonly bindings: readonly StateBinding[];
  readonly noise: ReadonlyMap<string, Shape>;
}

/**
 * Write the forward pass in training mode as one graph that updates the running statistics and nothing else.
 *
 * Inputs: `images` `[N, 3, H, W]`, `statisticsRate` (the weight of this batch), the random numbers that dropout draws
 * from, and the state; outputs: the new statistics.
 */
function compileStatistics(
  model: ImageModel,
  count: number,
  { height, width }: ReestimateOptions['imageSize'],
): Statistics {
  const graph = new Graph();
  const images = graph.input('images', 'float32', [count, 3, height, width]);
  const statisticsRate = graph.input('statisticsRate', 'float32', []);
  const context = new TrainingContext(graph, model.module, { statisticsRate });
  model.module.call(images, context);
  const outputs = new Map<string, Value>();
  const bindings: StateBinding[] = [...context.parameters.keys()].map((key) => ({ key, input: key }));
  for (const [key, { after }] of context.buffers) {
    if (!after) throw new Error(`internal: the forward pass does not update ${key}`);
    outputs.set(`next/${key}`, after);
    bindings.push({ key, input: key, output: `next/${key}` });
  }
  return {
    outputs,
    bindings,
    noise: new Map([...context.noise].map(([name, { shape }]) => [name, shape])),
  };
}

/**
 * Measure the running statistics of all batch norms anew: the mean over batches of each batch's statistics, every batch
 * counting the same, as `torch.optim.swa_utils.update_bn` does. What they were before has no influence; no other weight
 * changes.
 *
 * @returns the weights with new statistics; undefined when `onBatch` ended the work, or when there was no image
 */
export async function reestimateBatchNorm(
  engine: Engine,
  model: ImageModel,
  weights: Weights,
  batches: AsyncIterable<LabelledBatch>,
  { imageSize, seed, onBatch = () => true }: ReestimateOptions,
): Promise<Map<string, Tensor> | undefined> {
  const state = await engine.createState(weights);
  let loaded: { count: number; program: Program; noise: Statistics['noise'] } | undefined;
  let [done, ended] = [0, !onBatch(0)];
  try {
    for await (const { images, count } of batches) {
      if (ended) break;
      // All images of a batch may have been unreadable.
      if (count === 0 || !(images instanceof Float32Array)) continue;
      if (loaded?.count !== count) {
        await loaded?.program.dispose();
        const { outputs, bindings, noise } = compileStatistics(model, count, imageSize);
        const options = { state, bindings, name: 'batch_norm_statistics' };
        loaded = { count, noise, program: await engine.loadProgram(outputs, options) };
      }
      const shape = [count, 3, imageSize.height, imageSize.width];
      await loaded.program.run({
        images: float32(
          images.subarray(
            0,
            shape.reduce((a, b) => a * b),
          ),
          shape,
        ),
        statisticsRate: float32([1 / (done + 1)], []),
        ...drawNoise(loaded.noise, (name) => randomStream(seed, 'reestimate', name, done)),
      });
      done++;
      ended = !onBatch(done);
    }
    return ended || done === 0 ? undefined : await state.read();
  } finally {
    await loaded?.program.dispose();
    await state.dispose();
  }
}
