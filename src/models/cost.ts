import { UserError } from '../errors.ts';
import { Graph, reachableNodes } from '../graph/graph.ts';
import type { Shape } from '../graph/tensor.ts';
import { numElements } from '../graph/tensor.ts';
import type { Node, Value } from '../graph/value.ts';
import { OutlineContext, TrainingContext } from '../nn/index.ts';
import type { ModelConfig } from './config.ts';
import { buildModule } from './registry.ts';

export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/**
 * Make sure that a network can be built and takes images of a size.
 *
 * @throws UserError when the configuration does not exist, or the images are too small for it
 */
export function checkModel(config: ModelConfig, size: ImageSize): void {
  const module = buildModule(config);
  try {
    const graph = new Graph();
    module.call(imagesOf(graph, 2, size), new TrainingContext(graph, module));
  } catch (error) {
    throw new UserError(
      `--model ${config.model}, form ${config.form}: does not take images of ${size.width}×${size.height} pixels ` +
        `(${(error as Error).message}); choose another --form, --preset or --model`,
    );
  }
}

const imagesOf = (graph: Graph, count: number, { height, width }: ImageSize): Value =>
  graph.input('images', 'float32', [count, 3, height, width]);

/**
 * Multiplications of one image's forward pass, each with its addition, in convolutions and matrix products: what the
 * field calls MACs, and often "FLOPs". What depends on weights alone is not counted, as it is computed once.
 */
export function countMultiplyAdds(config: ModelConfig, size: ImageSize): number {
  const module = buildModule(config);
  const graph = new Graph();
  const images = imagesOf(graph, 1, size);
  const logits = module.call(images, new OutlineContext(graph, module));
  const changing = new Set([images]);
  let total = 0;
  for (const node of reachableNodes(graph, [logits])) {
    if (!node.inputs.some((input) => changing.has(input))) continue;
    for (const output of node.outputs) changing.add(output);
    total += multiplyAdds(node);
  }
  return total;
}

function multiplyAdds({ op, inputs, attributes, outputs }: Node): number {
  const produced = numElements(outputs[0].shape);
  if (op === 'conv2d') return produced * numElements(inputs[1].shape.slice(1));
  if (op === 'matmul') return produced * inner(inputs[0].shape, attributes as { transposeA: boolean });
  return 0;
}

const inner = (shape: Shape, { transposeA }: { transposeA: boolean }): number =>
  shape[shape.length - (transposeA ? 2 : 1)];
