import { describe, expect, it } from 'vitest';
import { contrast } from '../../src/corrupt/digital/contrast.ts';
import { jpegCompression } from '../../src/corrupt/digital/jpeg-compression.ts';
import { pixelate } from '../../src/corrupt/digital/pixelate.ts';
import { saturate } from '../../src/corrupt/digital/saturate.ts';
import type { CorruptionFunction, ParameterSet } from '../../src/corrupt/index.ts';
import { brightness } from '../../src/corrupt/weather/brightness.ts';
import { compareBytes, packedImage, readPack } from '../pack.ts';
import { contextFor } from './context.ts';

// Made by test/fixtures/corrupt/make_digital.py with NumPy, scikit-image and Pillow.
const pack = readPack('corrupt/digital.pack.gz');
const photos = { cifar: packedImage(pack, 'photo square'), imagenet: packedImage(pack, 'photo wide') };
const sets: ParameterSet[] = ['cifar', 'imagenet'];

function expectEqual<N extends 'brightness' | 'contrast' | 'saturate' | 'pixelate' | 'jpeg_compression'>(
  name: N,
  run: CorruptionFunction<N>,
): void {
  describe(name, () => {
    const cases = sets.flatMap((set) => [1, 2, 3, 4, 5].map((severity) => ({ set, severity })));
    it.each(cases)('equals the original: $set, severity $severity', ({ set, severity }) => {
      const before = photos[set].data.slice();
      const result = run(photos[set], contextFor(name, set, severity));
      const { largest, within } = compareBytes(result.data, pack.get(`${name} ${set} ${severity}`)!.data, 0);
      expect(largest).toBeLessThanOrEqual(1);
      expect(within).toBeGreaterThanOrEqual(0.999);
      expect(photos[set].data, 'the input').toEqual(before);
    });
  });
}

expectEqual('brightness', brightness);
expectEqual('contrast', contrast);
expectEqual('saturate', saturate);
expectEqual('pixelate', pixelate);
expectEqual('jpeg_compression', jpegCompression);
