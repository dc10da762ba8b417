import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { OpAttributes, OpName } from '../../src/graph/ops/attributes.ts';
import type { Value } from '../../src/graph/value.ts';
import { BlurPool2d, TrainingContext } from '../../src/nn/index.ts';
import { crossEntropy } from '../../src/train/step/losses.ts';
import { gradientsOf, inputsFor } from './run-graph.ts';
import type { OpCase } from './torch-fixtures.ts';

type Build = (inputs: readonly Value[], attributes: Readonly<Record<string, unknown>>) => readonly Value[];

/** Stored cases that are compositions of ops here. */
const COMPOSITIONS: Readonly<Record<string, Build>> = {
  silu: ([x]) => [F.silu(x)],
  linear: ([x, weight, bias]) => [F.add(F.matmul(x, weight, false, true), bias)],
  globalAvgPool2d: ([x]) => [F.reduceMean(x, [2, 3])],
  crossEntropy: ([logits, labels]) => [crossEntropy(logits, F.oneHot(labels, logits.shape[1]))],
  blurPool2d: ([x], { filterSize, stride }) => {
    const layer = new BlurPool2d(filterSize as number, stride as number);
    return [layer.call(x, new TrainingContext(x.graph, layer))];
  },
  batchNormTraining: ([x, weight, bias], { epsilon }) => {
    const { y, mean, variance } = F.batchNormTraining(x, weight, bias, epsilon as number);
    return [y, mean, variance];
  },
};

/** The graph of a stored case: its outputs under their names, and its gradients. */
export function buildOpCase(one: OpCase): { graph: Graph; outputs: Map<string, Value> } {
  const graph = new Graph();
  const inputs = inputsFor(graph, one.inputs);
  const compose = COMPOSITIONS[one.op];
  const results = compose
    ? compose([...inputs.values()], one.attributes)
    : graph.apply(one.op as OpName, [...inputs.values()], one.attributes as unknown as OpAttributes[OpName]);
  const names = [...one.outputs.keys()].slice(0, results.length);
  const outputs = new Map(names.map((name, i) => [name, results[i]]));
  const differentiable = new Map([...inputs].filter(([name]) => one.gradients.has(name)));
  for (const entry of gradientsOf(results[0], one.upstream, differentiable)) outputs.set(...entry);
  return { graph, outputs };
}
