/** ONNX's own image metadata, which Custom Vision and other exporters for WinML write into the file. */
import type { DeclaredPreprocessing, KnownPreprocessing } from './declared.ts';
import { Keys, shown } from './keys.ts';

const PREFIX = 'Image.';

/** Values in place of levels from 0 to 255. */
const RANGES: Readonly<Record<string, Pick<KnownPreprocessing, 'mean' | 'std'>>> = {
  NominalRange_0_255: { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] },
  Normalized_0_1: { mean: [0, 0, 0], std: [1, 1, 1] },
  Normalized_1_1: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
};

const FORMATS: Readonly<Record<string, KnownPreprocessing>> = {
  Rgb8: { channels: 'rgb' },
  Bgr8: { channels: 'bgr' },
  Gray8: { channels: 'grey' },
};

/** What the `Image.` entries of a model's metadata say; undefined where there are none. */
export function readImageMetadata(
  metadata: readonly { readonly key: string; readonly value: string }[],
): DeclaredPreprocessing | undefined {
  const entries = metadata.filter(({ key }) => key.startsWith(PREFIX));
  if (entries.length === 0) return undefined;
  const keys = new Keys(Object.fromEntries(entries.map(({ key, value }) => [key, value])));
  const format = keys.text('Image.BitmapPixelFormat');
  const range = keys.text('Image.NominalPixelRange');
  const gamma = keys.text('Image.ColorSpaceGamma');
  if (format !== undefined && !Object.hasOwn(FORMATS, format)) {
    keys.gap('channels', `${shown('Image.BitmapPixelFormat', format)}, which is not made here`);
  }
  if (range !== undefined && !Object.hasOwn(RANGES, range)) {
    keys.gap('values', `${shown('Image.NominalPixelRange', range)}, which is not made here`);
  }
  if (gamma !== undefined && gamma !== 'SRGB') {
    keys.gap(
      'values',
      `${shown('Image.ColorSpaceGamma', gamma)}, where pictures are taken with the gamma of sRGB`,
    );
  }
  for (const [key, value] of keys.unread()) keys.notes.push(`left out: ${shown(key, value)}`);
  const told = entries.map(({ key, value }) => `${key} ${value}`).join(', ');
  return {
    known: {
      ...(format !== undefined && FORMATS[format]),
      ...(range !== undefined && RANGES[range]),
    },
    source: `the file's metadata (${told})`,
    notes: keys.notes,
    gaps: keys.gaps,
  };
}
