import { describe, expect, it } from 'vitest';
import type { CorruptionName, Severity } from '../../src/corrupt/index.ts';
import { compareBytes, readPack } from '../pack.ts';
import { generated, thinned } from './generated.ts';
import { corruptGiven } from './given.ts';

// Made by test/fixtures/corrupt/make_sizes.py with the imagecorruptions package, strengths of ImageNet-C.
const pack = readPack('corrupt/sizes.pack.gz');
const PICTURE = 41;
const STEP = 9;

describe('at sizes beside those of the published sets, with the same random numbers as imagecorruptions', () => {
  const cases = [...pack].map(([key, { data }]) => {
    const [name, ...numbers] = key.split(' ');
    const [severity, width, height] = numbers.map(Number);
    return { name: name as CorruptionName, severity: severity as Severity, width, height, data };
  });

  it.each(cases)('$name $severity at $width × $height', ({ name, severity, width, height, data }) => {
    const found = thinned(corruptGiven(name, generated(width, height, PICTURE), 'imagenet', severity), STEP);
    const { largest, within } = compareBytes(found, data, 0);
    expect(largest).toBeLessThanOrEqual(1);
    expect(within).toBeGreaterThan(0.95);
  });
});
