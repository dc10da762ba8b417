import { describe, expect, it } from 'vitest';
import {
  type CorruptionName,
  corrupt,
  PARAMETER_SETS,
  type ParameterSet,
  type Severity,
} from '../../src/corrupt/index.ts';
import { compareBytes, readPack } from '../pack.ts';
import { generated, STEPS, thinned } from './generated.ts';

// Made by test/fixtures/corrupt/make_pixels.py with OpenCV 4.6, SciPy, scikit-image and Pillow.
const pack = readPack('corrupt/pixels.pack.gz');
const NAMES: readonly CorruptionName[] = [
  'defocus_blur',
  'zoom_blur',
  'contrast',
  'brightness',
  'saturate',
  'pixelate',
  'jpeg_compression',
  'gaussian_blur',
];

describe.each(NAMES)('%s equals the original', (corruption) => {
  const cases = PARAMETER_SETS.flatMap((set) => [32, 224].map((size) => ({ set, size })));
  it.each(cases)('with the strengths of $set at $size pixels', ({ set, size }) => {
    const own = [...pack].filter(([key]) => key.startsWith(`${set} ${corruption} `));
    const stored = own.filter(([key]) => key.split(' ')[3] === String(size));
    expect(new Set(stored.map(([key]) => key.split(' ')[2])).size).toBe(5);
    for (const [key, expected] of stored) {
      const [, , severity, , number] = key.split(' ').map(Number);
      const picture = generated(size, size, number);
      const options = { corruption, severity: severity as Severity, set: set as ParameterSet };
      const quirks = { jpeg85: false };
      const result = corrupt(picture, { ...options, seed: 0, index: 0, quirks });
      const kept = thinned(result, STEPS[size]);
      const { largest, within } = compareBytes(kept, expected.data, 0);
      expect(largest, key).toBeLessThanOrEqual(1);
      // Truncation parts values that differ in their last bits: defocus_blur of radius 3 is the worst.
      expect(within, key).toBeGreaterThan(0.95);
    }
  });
});
