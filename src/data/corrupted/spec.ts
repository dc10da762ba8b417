/** How a published corrupted set is named where data is asked for: `cifar10-c:PATH`, `cifar100-c:PATH` or `imagenet-c:PATH`. */
export const CORRUPTED_FORMATS = ['cifar10-c', 'cifar100-c', 'imagenet-c'] as const;
export type CorruptedFormat = (typeof CORRUPTED_FORMATS)[number];

export interface CorruptedSpec {
  readonly format: CorruptedFormat;
  readonly path: string;
}

/** Undefined when it names other data. */
export function parseCorruptedSpec(spec: string): CorruptedSpec | undefined {
  const format = CORRUPTED_FORMATS.find((name) => spec.startsWith(`${name}:`));
  return format && { format, path: spec.slice(format.length + 1) };
}
