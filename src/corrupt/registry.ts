import type { CorruptionName } from './names.ts';
import type { CorruptionFunction } from './types.ts';

/** Every corruption by its name; each lives in the file of its name and exports it in camel case. */
export const REGISTRY: { readonly [N in CorruptionName]?: CorruptionFunction<N> } = {};
