import { createEngine } from '../../src/engine/node/index.ts';
import * as F from '../../src/graph/functional.ts';
import { Graph } from '../../src/graph/graph.ts';
import { lowerGraph } from '../../src/onnx/lower/index.ts';
import { encodeModel } from '../../src/onnx/model.ts';

/**
 * Whether graphs run on WebGPU here. With PUSHPULL_REQUIRE_WEBGPU set, as in CI, a machine without it
 * is an error, so that the tests cannot silently stay out.
 */
export async function webgpuIsHere(): Promise<boolean> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [1]);
  const bytes = encodeModel(
    lowerGraph(new Map([['y', F.relu(x)]]), { target: { device: 'webgpu' }, name: 'probe' }),
  );
  const engine = await createEngine({ device: 'webgpu', threads: 1 });
  try {
    await (await engine.loadModel(bytes)).dispose();
    return true;
  } catch (error) {
    if (process.env.PUSHPULL_REQUIRE_WEBGPU) throw error;
    return false;
  } finally {
    await engine.close();
  }
}
