import { Graph, reachableNodes } from './graph.ts';
import type { OpAttributes, OpName, ReduceAttributes } from './ops/attributes.ts';
import type { Shape, Tensor } from './tensor.ts';
import { float32, floats, numElements } from './tensor.ts';
import type { Node, Value, ValueGraph } from './value.ts';

/**
 * Rewrite an inference graph so that what depends on constants alone is computed now: the pull kernels'
 * levels, reshaped biases and the like become constants, and a batch normalisation that follows a
 * convolution is absorbed into the convolution's weight and bias.
 *
 * @returns the outputs in a new graph that computes the same
 */
export function foldConstants(graph: ValueGraph, outputs: readonly Value[]): Value[] {
  const folded = new Graph();
  const copies = new Map<Value, Value>();
  for (const input of graph.inputs) {
    if (input.source.kind === 'input')
      copies.set(input, folded.input(input.source.name, input.dtype, input.shape));
  }
  const copy = (value: Value): Value => {
    let made = copies.get(value);
    if (!made) {
      if (value.source.kind !== 'constant') throw new Error('internal: a value is used before it is made');
      made = folded.constant(value.source.tensor, value.source.name);
      copies.set(value, made);
    }
    return made;
  };
  for (const node of reachableNodes(graph, outputs)) {
    const inputs = node.inputs.map(copy);
    const results =
      evaluate(node, inputs, folded) ??
      absorb(node, inputs) ??
      folded.within(node.scope, () => folded.apply(node.op, inputs, node.attributes));
    node.outputs.forEach((output, i) => {
      copies.set(output, results[i]);
    });
  }
  return outputs.map(copy);
}

const constantOf = (value: Value): Tensor | undefined =>
  value.source.kind === 'constant' && value.dtype === 'float32' ? value.source.tensor : undefined;

/** The node's result as a constant, if all its inputs are constants and it is one of the ops worth folding. */
function evaluate(node: Node, inputs: readonly Value[], graph: ValueGraph): readonly Value[] | undefined {
  const evaluator = EVALUATORS[node.op] as Evaluator<unknown> | undefined;
  const tensors = inputs.map(constantOf);
  if (!evaluator || !tensors.every((tensor) => tensor !== undefined)) return undefined;
  const result = evaluator(tensors, node.attributes, node.outputs[0].shape);
  return [graph.constant(result, node.scope === '' ? node.op : `${node.scope}.${node.op}`)];
}

type Evaluator<A> = (inputs: readonly Tensor[], attributes: A, shape: Shape) => Tensor;

/** Row-major strides, 0 along axes of length 1, aligned to the right end of a longer shape. */
function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = new Array<number>(to.length).fill(0);
  let step = 1;
  for (let axis = from.length - 1; axis >= 0; axis--) {
    if (from[axis] !== 1) strides[to.length - from.length + axis] = step;
    step *= from[axis];
  }
  return strides;
}

/** For each element of `shape` in order, the offset that `strides` give it. */
function* offsets(shape: Shape, strides: readonly number[]): Generator<number> {
  const index = new Array<number>(shape.length).fill(0);
  let offset = 0;
  for (let i = numElements(shape); i > 0; i--) {
    yield offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

const binary =
  (f: (a: number, b: number) => number): Evaluator<unknown> =>
  ([a, b], _, shape) => {
    const [left, right] = [floats(a), floats(b)];
    const fromA = offsets(shape, broadcastStrides(a.shape, shape));
    const fromB = offsets(shape, broadcastStrides(b.shape, shape));
    const out = new Float32Array(numElements(shape));
    for (let i = 0; i < out.length; i++) {
      out[i] = f(left[fromA.next().value as number], right[fromB.next().value as number]);
    }
    return float32(out, shape);
  };

const reduction =
  (start: number, f: (total: number, x: number) => number): Evaluator<ReduceAttributes> =>
  ([x], { axes }, shape) => {
    const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    const out = new Float64Array(numElements(shape)).fill(start);
    const values = floats(x);
    let i = 0;
    for (const offset of offsets(x.shape, broadcastStrides(kept, x.shape)))
      out[offset] = f(out[offset], values[i++]);
    return float32(Float32Array.from(out), shape);
  };

const matmul: Evaluator<OpAttributes['matmul']> = ([a, b], { transposeA, transposeB }, shape) => {
  const [rows, columns] = shape.slice(-2);
  const inner = a.shape[a.shape.length - (transposeA ? 2 : 1)];
  const [left, right] = [floats(a), floats(b)];
  const [rowStep, stepA] = transposeA ? [1, rows] : [inner, 1];
  const [stepB, columnStep] = transposeB ? [1, inner] : [columns, 1];
  const batch = shape.slice(0, -2);
  const fromA = offsets(batch, broadcastStrides(a.shape.slice(0, -2), batch));
  const fromB = offsets(batch, broadcastStrides(b.shape.slice(0, -2), batch));
  const out = new Float32Array(numElements(shape));
  for (let i = 0; i < out.length; ) {
    const startA = (fromA.next().value as number) * rows * inner;
    const startB = (fromB.next().value as number) * inner * columns;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          sum += left[startA + row * rowStep + k * stepA] * right[startB + k * stepB + column * columnStep];
        }
        out[i++] = sum;
      }
    }
  }
  return float32(out, shape);
};

/** The ops that occur between a layer's parameters and its responses. */
const EVALUATORS: { readonly [K in OpName]?: Evaluator<OpAttributes[K]> } = {
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b) => a / b),
  neg: ([x], _, shape) =>
    float32(
      floats(x).map((value) => -value),
      shape,
    ),
  relu: ([x], _, shape) =>
    float32(
      floats(x).map((value) => Math.max(value, 0)),
      shape,
    ),
  sqrt: ([x], _, shape) => float32(floats(x).map(Math.sqrt), shape),
  reshape: ([x], _, shape) => float32(floats(x), shape),
  matmul,
  reduceMax: reduction(-Infinity, Math.max),
  reduceMin: reduction(Infinity, Math.min),
  reduceSum: reduction(0, (total, x) => total + x),
};

/** `conv2d` by a constant weight, with or without a constant bias per channel added. */
function convolution(value: Value): { node: Node<'conv2d'>; weight: Tensor; bias: Float32Array } | undefined {
  if (value.source.kind !== 'node') return undefined;
  const { node } = value.source;
  if (node.op === 'conv2d') {
    const weight = constantOf(node.inputs[1]);
    return weight && { node: node as Node<'conv2d'>, weight, bias: new Float32Array(weight.shape[0]) };
  }
  if (node.op !== 'add') return undefined;
  const inner = convolution(node.inputs[0]);
  const added = constantOf(node.inputs[1]);
  if (!inner || !added || added.shape.join() !== [1, inner.bias.length, 1, 1].join()) return undefined;
  const extra = floats(added);
  return { ...inner, bias: inner.bias.map((b, c) => b + extra[c]) };
}

/** Batch normalisation after a convolution: `(w * x + b - m) · s + t` is a convolution by `w · s`. */
function absorb(node: Node, inputs: readonly Value[]): readonly Value[] | undefined {
  if (node.op !== 'batchNorm') return undefined;
  const found = convolution(inputs[0]);
  const statistics = inputs.slice(1).map(constantOf);
  if (!found || !statistics.every((tensor) => tensor !== undefined)) return undefined;
  const [weight, bias, mean, variance] = statistics.map(floats);
  const { epsilon } = node.attributes as OpAttributes['batchNorm'];
  const scale = weight.map((w, c) => w / Math.sqrt(variance[c] + epsilon));
  const perFilter = numElements(found.weight.shape.slice(1));
  const scaled = floats(found.weight).map((w, i) => w * scale[Math.floor(i / perFilter)]);
  const shift = found.bias.map((b, c) => (b - mean[c]) * scale[c] + bias[c]);

  const { graph } = inputs[0];
  const { source } = found.node.inputs[1];
  const name = source.kind === 'constant' ? source.name : undefined;
  const kernel = graph.constant(float32(scaled, found.weight.shape), name);
  const offset = graph.constant(float32(shift, [1, shift.length, 1, 1]), name?.replace(/weight$/, 'bias'));
  return graph.within(found.node.scope, () => {
    const [y] = graph.apply('conv2d', [found.node.inputs[0], kernel], found.node.attributes);
    return graph.apply('add', [y, offset], {});
  });
}
