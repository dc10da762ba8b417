import { expect } from 'vitest';
import type { Device, Engine } from '../../src/engine/engine.ts';
import { foldConstants } from '../../src/graph/fold.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { Module } from '../../src/nn/index.ts';
import { InferenceContext, TrainingContext } from '../../src/nn/index.ts';
import { expectClose } from './close.ts';
import { gradientsOf, runGraph } from './run-graph.ts';
import type { OpCase } from './torch-fixtures.ts';

/**
 * Compare a layer as it trains with a stored case: its output and the gradients of the image and of every
 * parameter. The inputs of the case but `x` are parameters; `noise` feeds what the layer draws.
 *
 * @param device whose lowering to run, on the given engine
 */
export async function expectTrains(
  engine: Engine,
  device: Device,
  layer: Module,
  one: OpCase,
  tolerance: number,
): Promise<void> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', one.inputs.get('x')!.shape);
  const context = new TrainingContext(graph, layer);
  const y = layer.call(x, context);
  const outputs = gradientsOf(y, one.upstream, new Map([['x', x], ...context.parameters]));
  outputs.set('y', y);
  const { noise, ...feeds } = Object.fromEntries(one.inputs);
  for (const name of context.noise.keys()) feeds[name] = noise;
  const found = await runGraph(engine, outputs, feeds, { device });
  expectClose(found.y, one.outputs.get('y')!, tolerance, 'y');
  expect([...context.parameters.keys(), 'x'].sort()).toEqual([...one.gradients.keys()].sort());
  for (const [name, gradient] of one.gradients) {
    expectClose(found[`gradient of ${name}`], gradient, tolerance, `gradient of ${name}`);
  }
}

/** The output of a case's layer as it is deployed: folded, with a batch axis of any length. */
export async function runDeployed(engine: Engine, layer: Module, one: OpCase): Promise<Tensor> {
  const x = one.inputs.get('x')!;
  const weights = new Map([...one.inputs].filter(([name]) => name !== 'x' && name !== 'noise'));
  const session = await engine.loadNetwork(
    (count) => {
      const graph = new Graph();
      const input = graph.input('x', 'float32', [count, ...x.shape.slice(1)]);
      const [y] = foldConstants(graph, [layer.call(input, new InferenceContext(graph, layer, weights))]);
      return new Map([['y', y]]);
    },
    { name: 'layer' },
  );
  try {
    return (await session.run({ x })).y;
  } finally {
    await session.dispose();
  }
}
