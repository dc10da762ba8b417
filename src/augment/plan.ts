import { createImage, type Image } from '../image/image.ts';
import { type Choice, type MagnitudeSpace, magnitudeOf, type Size } from './magnitudes.ts';
import { applyOperation, type OperationOptions } from './operations.ts';

/** Operations, one after the other. */
export type Chain = readonly Choice[];

/** What was drawn for one image; what it does depends on the image's size only. Plain data. */
export type Plan =
  | { readonly kind: 'chain'; readonly space: MagnitudeSpace; readonly chain: Chain }
  /** The weighted sum of the image and of what each chain makes of it; all weights add up to 1. */
  | {
      readonly kind: 'mix';
      readonly space: MagnitudeSpace;
      readonly imageWeight: number;
      readonly chains: readonly { readonly weight: number; readonly chain: Chain }[];
    };

/** Carry out what was drawn. The input is left alone; where nothing changes, it is also the result. */
export function applyPlan(image: Image, plan: Plan): Image {
  if (plan.kind === 'chain') return applyChain(image, plan.space, plan.chain);
  const { width, height } = image;
  // Added up in float32 and truncated, as torchvision does.
  const { fround } = Math;
  const sum = new Float32Array(image.data.length);
  const add = ({ data }: Image, weight: number): void => {
    const weighted = new Float32Array(256);
    for (let level = 0; level < 256; level++) weighted[level] = fround(weight) * level;
    for (let i = 0; i < sum.length; i++) sum[i] += weighted[data[i]];
  };
  add(image, plan.imageWeight);
  for (const { weight, chain } of plan.chains) {
    add(applyChain(image, plan.space, chain, { interpolation: 'bilinear' }), weight);
  }
  return createImage(width, height, new Uint8Array(sum));
}

function applyChain(image: Image, space: MagnitudeSpace, chain: Chain, options?: OperationOptions): Image {
  return chain.reduce(
    (current, choice) =>
      applyOperation(current, choice.operation, magnitudeOf(space, choice, current), options),
    image,
  );
}

/** What is done to an image of a size, for people: `Rotate -12.0`, an entry an operation. */
function describeChain(chain: Chain, space: MagnitudeSpace, size: Size): string[] {
  return chain.map((choice) => {
    const range = space.ranges[choice.operation];
    if (!range) return choice.operation;
    const magnitude = magnitudeOf(space, choice, size);
    // Translations are cut to whole pixels.
    if (choice.operation.startsWith('Translate')) return `${choice.operation} ${Math.trunc(magnitude)}`;
    const reach = Math.abs(range.to(size) - range.from);
    return `${choice.operation} ${magnitude.toFixed(range.whole || reach > 200 ? 0 : reach > 2 ? 1 : 2)}`;
  });
}

/** What a plan does to an image of a size, for people, in lines; with the weights where images are mixed. */
export function describePlan(plan: Plan, size: Size): string[] {
  const { space } = plan;
  if (plan.kind === 'chain') {
    return plan.chain.length === 0 ? ['unchanged'] : describeChain(plan.chain, space, size);
  }
  const parts = plan.chains.map(
    ({ weight, chain }) => `${weight.toFixed(2)} ${describeChain(chain, space, size).join(', ')}`,
  );
  return [`${plan.imageWeight.toFixed(2)} unchanged`, ...parts];
}
