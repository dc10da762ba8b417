import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { Conv2dAttributes } from '../../src/graph/ops/attributes.ts';
import { conv2dShape } from '../../src/graph/ops/convolution.ts';
import { OPS } from '../../src/graph/ops/index.ts';
import type { Shape } from '../../src/graph/tensor.ts';
import { float32, numElements } from '../../src/graph/tensor.ts';
import { lowerGraph } from '../../src/onnx/lower/index.ts';
import { expectClose } from '../support/close.ts';
import { generated } from '../support/generated.ts';
import { runGraph } from '../support/run-graph.ts';

interface Case {
  readonly name: string;
  readonly x: Shape;
  readonly weight: Shape;
  readonly geometry?: Partial<Conv2dAttributes>;
  /** An ONNX op that this form is known by on the CPU, and how often it occurs. */
  readonly form: readonly [opType: string, count: number];
}

/** Which form a gradient takes depends on its shapes, so each form has shapes that bring it out. */
const CASES: readonly Case[] = [
  {
    name: '1×1, many positions: a product an image, fewer channels than filters',
    x: [3, 4, 6, 5],
    weight: [9, 4, 1, 1],
    form: ['FusedMatMul', 1],
  },
  {
    name: '1×1, many positions: a product an image, more channels than filters',
    x: [2, 9, 6, 5],
    weight: [4, 9, 1, 1],
    form: ['FusedMatMul', 1],
  },
  { name: '1×1, few positions: one product', x: [3, 12, 2, 2], weight: [11, 12, 1, 1], form: ['Gemm', 1] },
  {
    name: '1×1, stride 2, rest unseen',
    x: [2, 3, 8, 6],
    weight: [5, 3, 1, 1],
    geometry: { stride: 2 },
    form: ['MaxPool', 1],
  },
  {
    name: '1×1, stride 3, few positions',
    x: [2, 12, 4, 5],
    weight: [13, 12, 1, 1],
    geometry: { stride: 3 },
    form: ['Gemm', 1],
  },
  {
    name: 'few channels: patches by one-hot filters',
    x: [2, 3, 9, 8],
    weight: [5, 3, 3, 3],
    geometry: { stride: 2, padding: 1 },
    form: ['Conv', 1],
  },
  {
    name: 'few channels, dilated',
    x: [2, 2, 9, 8],
    weight: [20, 2, 3, 3],
    geometry: { padding: 2, dilation: 2 },
    form: ['Conv', 1],
  },
  {
    name: 'gathered rows, one product',
    x: [2, 8, 4, 4],
    weight: [9, 8, 3, 3],
    geometry: { padding: 1 },
    form: ['Gather', 3],
  },
  {
    name: 'depthwise: shifted columns',
    x: [2, 3, 7, 6],
    weight: [3, 1, 3, 3],
    geometry: { padding: 1, groups: 3 },
    form: ['Conv', 3],
  },
  {
    name: 'depthwise: shifted columns, no padding, even kernel',
    x: [2, 3, 7, 6],
    weight: [3, 1, 4, 4],
    geometry: { groups: 3 },
    form: ['Conv', 4],
  },
  {
    name: 'depthwise: shifted columns, more padding than half a kernel',
    x: [1, 2, 4, 5],
    weight: [2, 1, 3, 3],
    geometry: { padding: 2, groups: 2 },
    form: ['Conv', 3],
  },
  {
    name: 'depthwise, stride 2: the response as kernel',
    x: [2, 3, 8, 7],
    weight: [3, 1, 5, 5],
    geometry: { stride: 2, padding: 2, groups: 3 },
    form: ['Conv', 1],
  },
  {
    name: 'depthwise, stride 3, rest unseen: places past the kernel are cut off',
    x: [2, 3, 9, 11],
    weight: [3, 1, 3, 3],
    geometry: { stride: 3, groups: 3 },
    form: ['Slice', 1],
  },
  {
    name: 'depthwise, dilation 2, stride 2',
    x: [2, 3, 9, 8],
    weight: [3, 1, 3, 3],
    geometry: { stride: 2, padding: 1, dilation: 2, groups: 3 },
    form: ['Conv', 1],
  },
  {
    name: 'depthwise, wider than columns are shifted',
    x: [1, 2, 3, 130],
    weight: [2, 1, 3, 3],
    geometry: { padding: 1, groups: 2 },
    form: ['Conv', 1],
  },
];

/** `dW[o, c, i, j] = Σ dy[n, o, h, w] · x[n, c, h·s + i·d - p, w·s + j·d - p]`, in float64. */
function byDefinition(
  x: Float32Array,
  [n, channels, height, width]: Shape,
  dy: Float32Array,
  [, filters, outHeight, outWidth]: Shape,
  [, perGroup, kernelHeight, kernelWidth]: Shape,
  { stride, padding, dilation, groups }: Conv2dAttributes,
): number[] {
  const sums: number[] = [];
  for (let o = 0; o < filters; o++) {
    for (let k = 0; k < perGroup; k++) {
      const c = Math.floor(o / (filters / groups)) * perGroup + k;
      for (let i = 0; i < kernelHeight; i++) {
        for (let j = 0; j < kernelWidth; j++) {
          let sum = 0;
          for (let image = 0; image < n; image++) {
            for (let h = 0; h < outHeight; h++) {
              const row = h * stride + i * dilation - padding;
              if (row < 0 || row >= height) continue;
              for (let w = 0; w < outWidth; w++) {
                const column = w * stride + j * dilation - padding;
                if (column < 0 || column >= width) continue;
                sum +=
                  dy[((image * filters + o) * outHeight + h) * outWidth + w] *
                  x[((image * channels + c) * height + row) * width + column];
              }
            }
          }
          sums.push(sum);
        }
      }
    }
  }
  return sums;
}

describe('the weight gradient equals its definition in every form', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ device: 'cpu', threads: 1 });
  });
  afterAll(() => engine.close());

  test.each(CASES.map((one) => [one.name, one] as const))('%s', async (name, one) => {
    const geometry = { stride: 1, padding: 0, dilation: 1, groups: 1, ...one.geometry };
    const dyShape = conv2dShape(one.x, one.weight, geometry);
    const [x, dy] = [one.x, dyShape].map((shape, i) => generated(`${name} ${i}`, numElements(shape)));
    const graph = new Graph();
    const [image, upstream] = [graph.input('x', 'float32', one.x), graph.input('dy', 'float32', dyShape)];
    const attributes = { ...geometry, weightShape: one.weight };
    const outputs = new Map([
      ['gradient', graph.apply('conv2dWeightGradient', [image, upstream], attributes)[0]],
    ]);
    const expected = float32(byDefinition(x, one.x, dy, dyShape, one.weight, geometry), one.weight);
    const feeds = { x: float32(x, one.x), dy: float32(dy, dyShape) };
    for (const device of ['cpu', 'webgpu'] as const) {
      const { gradient } = await runGraph(engine, outputs, feeds, { device });
      expectClose(gradient, expected, 1e-6, device);
    }
    const [opType, count] = one.form;
    const { graph: lowered } = lowerGraph(outputs, { target: { device: 'cpu' }, name });
    expect(lowered.node.filter((node) => node.opType === opType)).toHaveLength(count);
  });
});

test('a factor a channel behind the response goes through the weight where that is smaller', async () => {
  const engine = await createEngine({ device: 'cpu', threads: 1 });
  try {
    // Large images take the factor apart, 1×1 images do not; both gradients must be those of the whole product.
    for (const size of [6, 1]) {
      const graph = new Graph();
      const shapes = { x: [2, 3, size, size], w: [4, 3, 1, 1], dy: [2, 4, size, size], factor: [1, 4, 1, 1] };
      const [x, w, dy, factor] = Object.entries(shapes).map(([name, shape]) =>
        graph.input(name, 'float32', shape),
      );
      const y = F.conv2d(x, w, { stride: 1, padding: 0, dilation: 1, groups: 1 });
      const { gradient } = OPS.conv2d;
      const attributes = { stride: 1, padding: 0, dilation: 1, groups: 1 };
      const parts = (upstream: typeof dy) =>
        gradient({ inputs: [x, w], outputs: [y], attributes, upstream: [upstream], needs: () => true });
      const [dx, dw] = parts(F.mul(dy, factor));
      const [plainDx, plainDw] = parts(F.add(F.mul(dy, factor), F.constant(dy, 0)));
      const outputs = new Map(Object.entries({ dx: dx!, dw: dw!, plainDx: plainDx!, plainDw: plainDw! }));
      const feeds = Object.fromEntries(
        Object.entries(shapes).map(([name, shape]) => [
          name,
          float32(generated(name, numElements(shape)), shape),
        ]),
      );
      const found = await runGraph(engine, outputs, feeds);
      expectClose(found.dx, found.plainDx, 1e-6, 'image gradient');
      expectClose(found.dw, found.plainDw, 1e-6, 'weight gradient');
      const scaled = dx!.source.kind === 'node' && dx!.source.node.inputs[0] === dy;
      expect(scaled).toBe(size === 6);
    }
  } finally {
    await engine.close();
  }
});
