import type { Image } from '../image/image.ts';
import type { Random } from '../random/random.ts';
import { CIFAR10_POLICY, IMAGENET_POLICY, type SubPolicy } from './autoaugment-policies.ts';
import {
  AUGMIX_SPACE,
  AUTOAUGMENT_SPACE,
  type Choice,
  type MagnitudeSpace,
  RANDAUGMENT_SPACE,
  TRIVIALAUGMENT_SPACE,
} from './magnitudes.ts';
import type { OperationName } from './operations.ts';
import { applyPlan, type Plan } from './plan.ts';
import { fromPlanes, PRIME_PARAMETERS, type PrimeSet, prime, toPlanes } from './prime/index.ts';
import { drawWeights } from './weights.ts';

/** A way to vary training images. */
interface Augmentation {
  /** For listings. */
  readonly description: string;
  /** Draw what is done to one image. */
  readonly draw: (random: Random) => Plan;
}

/** PRIME works on values in [0, 1], so that training applies it behind the crop, just before normalisation. */
interface PrimeAugmentation {
  readonly description: string;
  readonly prime: PrimeSet;
}

/** The augmentations of one image that are known, with torchvision's (0.14) operations, ranges and defaults. */
export const AUGMENTATIONS = {
  none: {
    description: 'images as they are',
    draw: () => ({ kind: 'chain', space: TRIVIALAUGMENT_SPACE, chain: [] }),
  },
  'autoaugment-cifar10': {
    description: "AutoAugment's 25 pairs of operations found on CIFAR-10 (Cubuk et al. 2019)",
    draw: (random) => drawAutoAugment(CIFAR10_POLICY, random),
  },
  'autoaugment-imagenet': {
    description: "AutoAugment's 25 pairs of operations found on ImageNet (Cubuk et al. 2019)",
    draw: (random) => drawAutoAugment(IMAGENET_POLICY, random),
  },
  randaugment: {
    description: 'two random operations of magnitude 9 of 30 (Cubuk et al. 2020)',
    draw: drawRandAugment,
  },
  trivialaugment: {
    description: 'one random operation of random magnitude, wide ranges (Müller & Hutter 2021)',
    draw: drawTrivialAugment,
  },
  augmix: {
    description: 'the image mixed with three chains of one to three operations (Hendrycks et al. 2020)',
    draw: drawAugMix,
  },
  'prime-cifar10': {
    description: 'PRIME: displacements, colour maps and filters, mixed; for small images (Modas et al. 2022)',
    prime: 'cifar',
  },
  'prime-imagenet': {
    description: 'PRIME: displacements, colour maps and filters, mixed; for large images (Modas et al. 2022)',
    prime: 'imagenet',
  },
} as const satisfies Record<string, Augmentation | PrimeAugmentation>;

export type AugmentationName = keyof typeof AUGMENTATIONS;

/** The augmentations that are PRIME. */
export type PrimeName = {
  [Name in AugmentationName]: (typeof AUGMENTATIONS)[Name] extends PrimeAugmentation ? Name : never;
}[AugmentationName];

/** The others, which are operations on grey levels. */
export type PlannedName = Exclude<AugmentationName, PrimeName>;

export const AUGMENTATION_NAMES = Object.keys(AUGMENTATIONS) as AugmentationName[];

/** What a person may ask for: `autoaugment` and `prime` stand for the kind that fits the images. */
export type AugmentationRequest = AugmentationName | 'autoaugment' | 'prime';

export const AUGMENTATION_REQUESTS: readonly AugmentationRequest[] = [
  'autoaugment',
  'prime',
  ...AUGMENTATION_NAMES,
];

/** @param form `cifar` for small images, `imagenet` for others. */
export function resolveAugmentation(
  request: AugmentationRequest,
  form: 'cifar' | 'imagenet',
): AugmentationName {
  if (request !== 'autoaugment' && request !== 'prime') return request;
  return form === 'cifar' ? `${request}-cifar10` : `${request}-imagenet`;
}

export function isPrime(name: AugmentationName): name is PrimeName {
  return 'prime' in AUGMENTATIONS[name];
}

/** Draw what an augmentation does to one image. */
export function drawPlan(name: PlannedName, random: Random): Plan {
  return AUGMENTATIONS[name].draw(random);
}

/** An image varied at random. The input is left alone; where nothing changes, it may also be the result. */
export function augment(image: Image, name: AugmentationName, random: Random): Image {
  if (!isPrime(name)) return applyPlan(image, drawPlan(name, random));
  return fromPlanes(prime(toPlanes(image), PRIME_PARAMETERS[AUGMENTATIONS[name].prime], random));
}

/** One of the pairs of a policy; each of its two operations by its own probability. */
function drawAutoAugment(policy: readonly SubPolicy[], random: Random): Plan {
  const space = AUTOAUGMENT_SPACE;
  const chain = policy[random.int(0, policy.length)].flatMap(([operation, probability, bin]) =>
    random.bernoulli(probability) ? [{ operation, bin, negative: drawSign(space, operation, random) }] : [],
  );
  return { kind: 'chain', space, chain };
}

const RANDAUGMENT = { operations: 2, bin: 9 } as const;

function drawRandAugment(random: Random): Plan {
  const space = RANDAUGMENT_SPACE;
  const { operations, bin } = RANDAUGMENT;
  const chain = Array.from({ length: operations }, () => drawChoice(space, random, () => bin));
  return { kind: 'chain', space, chain };
}

function drawTrivialAugment(random: Random): Plan {
  const space = TRIVIALAUGMENT_SPACE;
  return { kind: 'chain', space, chain: [drawChoice(space, random, () => random.int(0, space.bins))] };
}

const AUGMIX = { severity: 3, width: 3, greatestDepth: 3 } as const;

function drawAugMix(random: Random): Plan {
  const space = AUGMIX_SPACE;
  const [imageWeight, mixedWeight] = drawWeights(2, random);
  const chains = drawWeights(AUGMIX.width, random).map((weight) => ({
    weight: mixedWeight * weight,
    chain: Array.from({ length: random.int(1, AUGMIX.greatestDepth + 1) }, () =>
      drawChoice(space, random, () => random.int(0, AUGMIX.severity)),
    ),
  }));
  return { kind: 'mix', space, imageWeight, chains };
}

/** Every operation of a space is equally likely. */
function drawChoice(space: MagnitudeSpace, random: Random, drawBin: () => number): Choice {
  const names = Object.keys(space.ranges) as OperationName[];
  const operation = names[random.int(0, names.length)];
  const bin = space.ranges[operation] ? drawBin() : null;
  return { operation, bin, negative: drawSign(space, operation, random) };
}

function drawSign(space: MagnitudeSpace, operation: OperationName, random: Random): boolean {
  return space.ranges[operation]?.signed ? random.bernoulli(0.5) : false;
}
