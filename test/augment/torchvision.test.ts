import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Fill } from '../../src/augment/affine.ts';
import { CIFAR10_POLICY, IMAGENET_POLICY, type SubPolicy } from '../../src/augment/autoaugment-policies.ts';
import {
  AUGMIX_SPACE,
  AUTOAUGMENT_SPACE,
  type Choice,
  magnitudeOf,
  RANDAUGMENT_SPACE,
  type Size,
  TRIVIALAUGMENT_SPACE,
} from '../../src/augment/magnitudes.ts';
import { applyOperation, OPERATION_NAMES, type OperationName } from '../../src/augment/operations.ts';
import { applyPlan, type Chain } from '../../src/augment/plan.ts';
import type { Image } from '../../src/image/image.ts';
import { compareBytes, packedImage, readPack } from '../pack.ts';

/** By torchvision: test/fixtures/augment/make_torchvision.py */
const pack = readPack('augment/torchvision.pack.gz');
const expected = JSON.parse(
  readFileSync(new URL('../fixtures/augment/torchvision.json', import.meta.url), 'utf8'),
) as {
  operations: {
    picture: string;
    operation: OperationName;
    magnitude: number;
    fill: Fill | null;
    kind: 'picture' | 'tensor';
    result: string;
  }[];
  policies: Record<'cifar10' | 'imagenet', SubPolicy[]>;
  autoaugment: { policy: 'cifar10' | 'imagenet'; number: number; negative: boolean; result: string }[];
  randaugment: { chain: Chain; result: string }[];
  trivialaugment: { chain: Chain; result: string }[];
  augmix: {
    picture: string;
    imageWeight: number;
    chains: { weight: number; chain: Chain }[];
    result: string;
  }[];
  magnitudes: {
    space: keyof typeof SPACES;
    size: Size;
    bins: number[];
    operations: Record<OperationName, { signed: boolean; magnitudes: number[] | null }>;
  }[];
};

const SPACES = {
  autoaugment: AUTOAUGMENT_SPACE,
  randaugment: RANDAUGMENT_SPACE,
  trivialaugment: TRIVIALAUGMENT_SPACE,
  augmix: AUGMIX_SPACE,
};

const picture = (name: string): Image => packedImage(pack, name);

describe('operations equal those of torchvision', () => {
  const onPictures = expected.operations.filter(({ kind }) => kind === 'picture');
  const onTensors = expected.operations.filter(({ kind }) => kind === 'tensor');

  it('all of them are in the fixture', () => {
    expect(new Set(onPictures.map(({ operation }) => operation))).toEqual(new Set(OPERATION_NAMES));
  });

  it.each(onPictures)('$operation $magnitude, $picture, fill $fill: to the bit on a picture', (example) => {
    const { operation, magnitude, fill, result } = example;
    const input = picture(example.picture);
    const before = input.data.slice();
    const actual = applyOperation(input, operation, magnitude, { fill: fill ?? undefined });
    expect(actual).toEqual(picture(result));
    expect(input.data).toEqual(before);
  });

  it.each(onTensors)(
    '$operation $magnitude, $picture, fill $fill: within one level on a tensor',
    (example) => {
      const { operation, magnitude, fill, result } = example;
      const options = { interpolation: 'bilinear', fill: fill ?? undefined } as const;
      const actual = applyOperation(picture(example.picture), operation, magnitude, options);
      const { largest, within } = compareBytes(actual.data, picture(result).data, 1);
      if (fill === null) expect(largest).toBeLessThanOrEqual(1);
      // All but the border, where torchvision counts the image's share twice.
      else expect(within).toBeGreaterThan(0.9);
    },
  );
});

describe('magnitudes are those of torchvision', () => {
  it.each(expected.magnitudes)('$space, $size.width × $size.height', ({ space, size, bins, operations }) => {
    const { ranges } = SPACES[space];
    expect(new Set(Object.keys(ranges))).toEqual(new Set(Object.keys(operations)));
    for (const [name, { signed, magnitudes }] of Object.entries(operations)) {
      const operation = name as OperationName;
      const range = ranges[operation];
      expect(range?.signed ?? false, name).toBe(signed);
      expect(range ? 'some' : 'none', name).toBe(magnitudes ? 'some' : 'none');
      for (const [i, magnitude] of (magnitudes ?? []).entries()) {
        const of = (negative: boolean) =>
          magnitudeOf(SPACES[space], { operation, bin: bins[i], negative }, size);
        expect(of(false), `${name}, bin ${bins[i]}`).toBeCloseTo(magnitude, 4);
        if (signed) expect(of(true)).toBe(-of(false));
        // A whole number of pixels is what counts there.
        if (name.startsWith('Translate')) expect(Math.trunc(of(false))).toBe(Math.trunc(magnitude));
      }
    }
  });
});

it('the policies of AutoAugment are those of torchvision, probabilities and all', () => {
  expect({ cifar10: CIFAR10_POLICY, imagenet: IMAGENET_POLICY }).toEqual(expected.policies);
});

describe('whole augmentations equal those of torchvision', () => {
  it.each(expected.autoaugment)('AutoAugment $policy, pair $number, to the bit', (example) => {
    const { policy, number, negative, result } = example;
    const pairs = policy === 'cifar10' ? CIFAR10_POLICY : IMAGENET_POLICY;
    expect(pairs).toHaveLength(25);
    const chain = pairs[number].flatMap(([operation, probability, bin]): Choice[] => {
      const signed = AUTOAUGMENT_SPACE.ranges[operation]?.signed ?? false;
      return probability > 0 ? [{ operation, bin, negative: signed && negative }] : [];
    });
    const actual = applyPlan(picture('24x20'), { kind: 'chain', space: AUTOAUGMENT_SPACE, chain });
    expect(actual).toEqual(picture(result));
  });

  it.each(expected.randaugment)('RandAugment $result, to the bit', ({ chain, result }) => {
    const actual = applyPlan(picture('24x20'), { kind: 'chain', space: RANDAUGMENT_SPACE, chain });
    expect(actual).toEqual(picture(result));
  });

  it.each(expected.trivialaugment)('TrivialAugmentWide $result, to the bit', ({ chain, result }) => {
    const actual = applyPlan(picture('24x20'), { kind: 'chain', space: TRIVIALAUGMENT_SPACE, chain });
    expect(actual).toEqual(picture(result));
  });

  it.each(expected.augmix)('AugMix $result on $picture', ({ imageWeight, chains, result, ...example }) => {
    const plan = { kind: 'mix', space: AUGMIX_SPACE, imageWeight, chains } as const;
    const actual = applyPlan(picture(example.picture), plan);
    const { largest } = compareBytes(actual.data, picture(result).data, 1);
    expect(largest).toBeLessThanOrEqual(1);
  });
});
