import { type FoundTorch, findTorch } from '../../src/engine/node/torch/find.ts';

/**
 * The PyTorch of this machine, or undefined where there is none. With PUSHPULL_REQUIRE_TORCH set, as in CI, a machine
 * without it is an error, so that the tests cannot silently stay out.
 */
export async function torchHere(): Promise<FoundTorch | undefined> {
  try {
    return await findTorch();
  } catch (error) {
    if (process.env.PUSHPULL_REQUIRE_TORCH) throw error;
    return undefined;
  }
}
