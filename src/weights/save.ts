/** Weights as a file for other programs: safetensors with torchvision's names. */
import type { Tensor } from '../graph/tensor.ts';
import { CARD_KEY, type ModelCard } from '../models/card.ts';
import { findModel, type ImageModel } from '../models/registry.ts';
import type { Weights } from '../nn/index.ts';
import { encodeSafetensors } from '../tensor-files/safetensors.ts';
import { foldBias } from './fit.ts';

export interface EncodedWeights {
  readonly bytes: Uint8Array;
  /** What was changed, a line each. */
  readonly notes: readonly string[];
}

/**
 * Encode weights as safetensors. A plain network is torchvision's to the name, so that it loads there with
 * `strict=True`: the bias that a plain first convolution has here goes into the batch norm behind it.
 *
 * @param card Goes into the file's metadata, from which the network can be built again.
 */
export function encodeWeights(model: ImageModel, weights: Weights, card: ModelCard): EncodedWeights {
  const tensors = new Map<string, Tensor>(weights);
  const { stem } = model.config;
  const bias = `${findModel(model.config.model).stemPath}.bias`;
  const folded = stem.kind === 'conv' ? foldBias(tensors, bias, model) : undefined;
  const own = folded === undefined ? card : { ...card, model: { ...card.model, stemBias: false } };
  return {
    bytes: encodeSafetensors(tensors, { format: 'pt', [CARD_KEY]: JSON.stringify(own) }),
    notes: folded === undefined ? [] : [`${bias} is taken into ${folded}, as torchvision's network has none`],
  };
}
