/** Index into `size` samples mirrored about the centres of the outermost ones: c b | a b c | b a (reflect-101). */
export function reflect101(index: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * size - 2;
  const wrapped = ((index % period) + period) % period;
  return wrapped < size ? wrapped : period - wrapped;
}

/** Index into `size` samples mirrored about their outer edges: b a | a b c | c b. */
export function reflect(index: number, size: number): number {
  const period = 2 * size;
  const wrapped = ((index % period) + period) % period;
  return wrapped < size ? wrapped : period - 1 - wrapped;
}
