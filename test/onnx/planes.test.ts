import { expect, test } from 'vitest';
import { createEngine } from '../../src/engine/node/index.ts';
import { float32, numElements } from '../../src/graph/tensor.ts';
import { Emitter, valueInfo } from '../../src/onnx/emitter.ts';
import { planeProducts } from '../../src/onnx/lower/planes.ts';
import { encodeModel } from '../../src/onnx/model.ts';
import { expectClose } from '../support/close.ts';
import { generated } from '../support/generated.ts';

test.each([
  ['a convolution on large planes', [2, 3, 12, 11], 'Conv'],
  ['a convolution on one long axis', [3, 2, 200], 'Conv'],
  ['sums on small planes', [2, 3, 4, 5], 'ReduceSum'],
  ['products alone without positions', [4, 3], 'Mul'],
] as const)('sums of products: %s', async (_, shape, opType) => {
  const engine = await createEngine({ device: 'cpu', threads: 2 });
  try {
    const [a, b] = ['a', 'b'].map((name) => generated(`${name} ${shape}`, numElements(shape), 3));
    const [n, channels] = shape;
    const positions = numElements(shape) / (n * channels);
    const sums = Array.from({ length: n * channels }, (_, plane) => {
      let [products, squares] = [0, 0];
      for (let i = plane * positions; i < (plane + 1) * positions; i++) {
        products += a[i] * b[i];
        squares += a[i] * a[i];
      }
      return { products, squares };
    });
    const emitter = new Emitter({ device: 'cpu' });
    for (const name of ['a', 'b']) emitter.unique(name);
    const names = {
      products: planeProducts(emitter, 'a', 'b', shape),
      squares: planeProducts(emitter, 'a', 'a', shape),
    };
    expect(emitter.nodes.map((node) => node.opType)).toContain(opType);
    const session = await engine.loadModel(
      encodeModel({
        irVersion: 8,
        opsetImport: [{ domain: '', version: 17 }],
        metadataProps: [],
        graph: {
          name: 'test',
          node: emitter.nodes,
          initializer: emitter.initializers,
          input: ['a', 'b'].map((name) => valueInfo(name, 'float32', shape)),
          output: Object.values(names).map((name) => valueInfo(name, 'float32', [n, channels])),
        },
      }),
    );
    const found = await session.run({ a: float32(a, shape), b: float32(b, shape) });
    for (const key of ['products', 'squares'] as const) {
      const expected = float32(
        sums.map((sum) => sum[key]),
        [n, channels],
      );
      expectClose(found[names[key]], expected, 1e-6, key);
    }
  } finally {
    await engine.close();
  }
});
