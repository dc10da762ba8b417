import type { Tensor } from '../../graph/tensor.ts';
import { formatShape } from '../../graph/tensor.ts';
import type { TensorSpec } from '../engine.ts';

/**
 * Check what is fed against what a graph takes.
 *
 * @throws Error that names the input, what it must be and what it was
 */
export function checkFeeds(feeds: Record<string, Tensor>, inputs: readonly TensorSpec[]): void {
  for (const { name, dtype, shape } of inputs) {
    const feed = feeds[name];
    const expected = `input "${name}" must be ${dtype}${formatShape(shape)}`;
    if (!feed)
      throw new Error(`${expected}, but was not fed (fed: ${Object.keys(feeds).join(', ') || 'nothing'})`);
    const fits =
      feed.dtype === dtype &&
      feed.shape.length === shape.length &&
      shape.every((length, axis) => typeof length === 'string' || length === feed.shape[axis]);
    if (!fits) throw new Error(`${expected}, found ${feed.dtype}${formatShape(feed.shape)}`);
  }
  const known = new Set(inputs.map(({ name }) => name));
  for (const name of Object.keys(feeds)) {
    if (!known.has(name)) throw new Error(`there is no input "${name}" (inputs: ${[...known].join(', ')})`);
  }
}
