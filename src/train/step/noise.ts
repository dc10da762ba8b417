import type { Shape, Tensor } from '../../graph/tensor.ts';
import { float32, numElements } from '../../graph/tensor.ts';
import type { Random } from '../../random/random.ts';

/**
 * What a graph's random inputs are fed: uniform numbers in [0, 1).
 *
 * @param noise shapes by name, as `TrainingContext` collects them
 * @param stream the stream of an input; one that is drawn again gives the same numbers
 */
export function drawNoise(
  noise: ReadonlyMap<string, Shape>,
  stream: (name: string) => Random,
): Record<string, Tensor> {
  return Object.fromEntries(
    [...noise].map(([name, shape]) => {
      const values = new Float32Array(numElements(shape));
      return [name, float32(stream(name).fillUniform(values), shape)];
    }),
  );
}
