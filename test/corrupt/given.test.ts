import { describe, expect, it } from 'vitest';
import { PARAMETER_SETS, SEVERITIES } from '../../src/corrupt/index.ts';
import { compareBytes, readPack } from '../pack.ts';
import { RANDOM_CORRUPTIONS, SIDES } from './change.ts';
import { generated, STEPS, thinned } from './generated.ts';
import { corruptGiven } from './given.ts';

// Made by test/fixtures/corrupt/make_given.py with OpenCV 4.6, SciPy, scikit-image, Pillow and ImageMagick.
const pack = readPack('corrupt/given.pack.gz');
const PICTURE = 31;

describe.each(PARAMETER_SETS)('with the same random numbers as the original, strengths of %s', (set) => {
  const side = SIDES[set];
  const picture = generated(side, side, PICTURE);

  it.each(RANDOM_CORRUPTIONS)('%s gives the same pixels', (name) => {
    for (const severity of SEVERITIES) {
      const { data } = pack.get(`${set} ${name} ${severity}`)!;
      const found = thinned(corruptGiven(name, picture, set, severity), STEPS[side]);
      const { largest, within } = compareBytes(found, data, 0);
      expect(largest, `severity ${severity}`).toBeLessThanOrEqual(1);
      // Truncation parts values that differ in their last bits, twice in glass_blur.
      expect(within, `severity ${severity}`).toBeGreaterThan(name === 'glass_blur' ? 0.975 : 0.995);
    }
  });
});
