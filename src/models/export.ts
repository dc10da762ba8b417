import { foldConstants } from '../graph/fold.ts';
import { Graph } from '../graph/graph.ts';
import type { Value } from '../graph/value.ts';
import { InferenceContext, type Weights } from '../nn/index.ts';
import { lowerGraph } from '../onnx/lower/index.ts';
import type { ModelProto } from '../onnx/model.ts';
import { encodeModel } from '../onnx/model.ts';
import { fuseConvBias } from '../onnx/passes.ts';
import { CARD_KEY, type ModelCard } from './card.ts';
import type { ImageModel } from './registry.ts';

/** Names of the deployed model's input and output. */
export const INPUT_NAME = 'images';
export const OUTPUT_NAME = 'logits';

/**
 * The deployed form of a network, from the same definition that trains: ordinary ONNX (opset 17) with a
 * free batch dimension `N`, constants folded, batch norms absorbed into convolutions.
 *
 * Input `images` `[N, 3, H, W]`, float32, normalised as the card says; output `logits` `[N, classes]`.
 *
 * @param weights parameters and running statistics by name
 * @param input what the input is called, where others look for another name
 * @returns the bytes of the `.onnx` file
 */
export function exportModel(
  model: ImageModel,
  weights: Weights,
  card: ModelCard,
  input: string = INPUT_NAME,
): Uint8Array {
  const proto = inferenceModel(model, weights, card, 2);
  // A batch length that got into the graph would show as a difference between two builds.
  const other = inferenceModel(model, weights, card, 3);
  proto.graph.node.forEach((node, i) => {
    const twin = other.graph.node[i];
    if (
      JSON.stringify([node, constants(proto, node.input)]) !==
      JSON.stringify([twin, constants(other, twin.input)])
    ) {
      throw new Error(`internal: ${node.name} depends on the batch length`);
    }
  });
  if (input !== INPUT_NAME) renameInput(proto.graph, input);
  return encodeModel(proto);
}

function renameInput(graph: ModelProto['graph'], name: string): void {
  for (const port of graph.input) if (port.name === INPUT_NAME) port.name = name;
  for (const node of graph.node) {
    node.input.forEach((read, i) => {
      if (read === INPUT_NAME) node.input[i] = name;
    });
  }
}

/** Small constants among a node's inputs: shapes, axes, scalars. */
function constants(model: ModelProto, inputs: readonly string[]): string[] {
  return model.graph.initializer
    .filter(({ name, dims }) => inputs.includes(name) && dims.length <= 1)
    .map(({ name, rawData }) => `${name}=${rawData}`);
}

/**
 * The deployed form as a graph: constants folded, batch norms absorbed into convolutions; `images` in, `logits` out.
 *
 * @returns what makes the graph for batches of a length
 */
export function inferenceGraph(
  model: ImageModel,
  weights: Weights,
  { width, height }: { readonly width: number; readonly height: number },
): (count: number) => ReadonlyMap<string, Value> {
  return (count) => {
    const graph = new Graph();
    const images = graph.input(INPUT_NAME, 'float32', [count, 3, height, width]);
    const logits = model.module.call(images, new InferenceContext(graph, model.module, weights));
    const [folded] = foldConstants(graph, [logits]);
    return new Map([[OUTPUT_NAME, folded]]);
  };
}

function inferenceModel(model: ImageModel, weights: Weights, card: ModelCard, batch: number): ModelProto {
  const proto = lowerGraph(inferenceGraph(model, weights, card.preprocessing)(batch), {
    target: { device: 'portable' },
    name: card.model.name,
    freeBatch: 'N',
    metadata: { [CARD_KEY]: JSON.stringify(card) },
  });
  return fuseConvBias(proto);
}
