/** Tiny corrupted sets for tests. */
import { type CorruptionName, SEVERITIES } from '../../src/corrupt/index.ts';
import { encodeNpy } from '../../src/data/npy/npy.ts';
import { randomStream } from '../../src/random/random.ts';
import { type Files, picture } from './archives.ts';

const VALUES = 32 * 32 * 3;

/** The pixels of an image of {@link cifar10CFiles}. */
export function cifar10CImage(corruption: string, severity: number, index: number): Uint8Array {
  const random = randomStream('cifar10-c', corruption, severity, index);
  return Uint8Array.from({ length: VALUES }, () => random.int(0, 256));
}

/** CIFAR-10-C with `labels.length` images a severity. */
export function cifar10CFiles(
  corruptions: readonly CorruptionName[],
  labels: readonly number[],
  root = '',
): Record<string, Uint8Array> {
  const count = SEVERITIES.length * labels.length;
  const files: Record<string, Uint8Array> = {};
  for (const corruption of corruptions) {
    const pixels = new Uint8Array(count * VALUES);
    for (const severity of SEVERITIES) {
      for (const index of labels.keys()) {
        const row = (severity - 1) * labels.length + index;
        pixels.set(cifar10CImage(corruption, severity, index), row * VALUES);
      }
    }
    files[`${root}${corruption}.npy`] = encodeNpy(pixels, [count, 32, 32, 3]);
  }
  const all = BigInt64Array.from({ length: count }, (_, row) => BigInt(labels[row % labels.length]));
  files[`${root}labels.npy`] = encodeNpy(all, [count]);
  return files;
}

/** Without some of the files. */
export function without(files: Files, ...names: string[]): Files {
  return Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)));
}

/** ImageNet-C with `perClass` pictures a class, all five severities. */
export async function imagenetCFiles(
  corruptions: readonly CorruptionName[],
  classes: readonly string[],
  perClass: number,
  root = '',
): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const cell of corruptions.flatMap((name) => SEVERITIES.map((severity) => `${name}/${severity}`))) {
    for (const name of classes) {
      for (let i = 0; i < perClass; i++) {
        const file = `${cell}/${name}/val_${i}.JPEG`;
        files[root + file] = await picture(file, 16, 16, 'jpeg');
      }
    }
  }
  return files;
}
