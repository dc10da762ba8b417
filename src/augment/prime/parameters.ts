/** How strong the primitives of PRIME are at most. What is used is drawn anew each time, from nothing to these. */
export interface PrimeParameters {
  readonly diffeomorphism: {
    /** Sine modes an axis of the displacement, from and to. */
    readonly minCut: number;
    readonly maxCut: number;
  };
  readonly colour: {
    /** Sine modes of the colour map. */
    readonly maxCut: number;
    /** Variance of a mode's coefficient. */
    readonly maxTemperature: number;
    /** Neighbouring modes that are used at a time; null for all from the first on. */
    readonly bandwidth: number | null;
  };
  readonly filter: {
    /** Side of the kernel, pixels. */
    readonly size: number;
    /** Standard deviation of a kernel's entry. */
    readonly maxSigma: number;
  };
  /** Chains that are mixed. */
  readonly width: number;
  /** Primitives a chain at most. */
  readonly maxDepth: number;
}

export type PrimeSet = 'cifar' | 'imagenet';

const COMMON = { filter: { size: 3, maxSigma: 4 }, width: 3, maxDepth: 3 } as const;

/** What the authors of PRIME train with, for small images and for large ones. */
export const PRIME_PARAMETERS: Readonly<Record<PrimeSet, PrimeParameters>> = {
  cifar: {
    diffeomorphism: { minCut: 2, maxCut: 100 },
    colour: { maxCut: 100, maxTemperature: 0.01, bandwidth: null },
    ...COMMON,
  },
  imagenet: {
    diffeomorphism: { minCut: 2, maxCut: 500 },
    colour: { maxCut: 500, maxTemperature: 0.05, bandwidth: 20 },
    ...COMMON,
  },
};
