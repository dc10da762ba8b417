import { UserError } from '../errors.ts';
import { float32, floats, numElements, type Tensor } from '../graph/tensor.ts';
import { checkTensors } from './checkpoint.ts';
import { readSafetensors } from './safetensors.ts';

/** Names of the reference implementation's checkpoints (bgswaroop/pushpull-conv), and ours, which are torchvision's. */
const RENAMED: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // Wrappers (DataParallel, Lightning) put a prefix before everything.
  [/^(module|model|_orig_mod)\./, ''],
  [/^conv1\.push_conv\.weight$/, 'conv1.weight'],
  [/^conv1\.pull_inhibition_strength$/, 'conv1.alpha'],
  [/^bn\./, 'bn1.'],
  [/^classifier\./, 'fc.'],
];

/** PyTorch counts batches for another kind of running average; the networks here do not need it. */
const IGNORED = /(^|\.)num_batches_tracked$/;

/** The name that a tensor of a foreign checkpoint has here. */
export function canonicalName(name: string): string {
  let renamed = name;
  for (const [pattern, replacement] of RENAMED) renamed = renamed.replace(pattern, replacement);
  return renamed;
}

/**
 * Weights for a network from a safetensors file with torchvision's names or those of the reference implementation.
 *
 * @param expected The network's parameters and buffers.
 * @throws UserError when the file is damaged, or when its tensors are not those of the network.
 */
export async function readWeights(
  path: string,
  expected: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  const { tensors } = await readSafetensors(path);
  const weights = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) {
    if (IGNORED.test(name)) continue;
    const own = canonicalName(name);
    if (weights.has(own)) throw new UserError(`${path}: holds two tensors for '${own}'. Remove one of them.`);
    weights.set(own, reshaped(tensor, expected.get(own)));
  }
  checkTensors(expected, weights, path);
  for (const [name, { dtype }] of weights) {
    if (dtype !== 'float32')
      throw new UserError(`${path}: expected '${name}' to hold floats, found ${dtype}.`);
  }
  return weights;
}

/** One value a filter may come as `[C]` or `[1, C, 1, 1]`. */
function reshaped(tensor: Tensor, like: Tensor | undefined): Tensor {
  const perFilter = like?.shape.length === 1 && numElements(tensor.shape) === like.shape[0];
  return perFilter && tensor.dtype === 'float32' ? float32(floats(tensor), like.shape) : tensor;
}
