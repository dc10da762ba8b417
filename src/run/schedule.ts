/** One cycle of the learning rate: where it starts, its peak, and where it ends. All positive. */
export interface OneCycleRates {
  readonly initial: number;
  readonly max: number;
  readonly end: number;
}

/** The cycle with another peak; its start and its end keep their ratio to it. */
export function withPeak(rates: OneCycleRates, max: number): OneCycleRates {
  const scale = max / rates.max;
  return { initial: rates.initial * scale, max, end: rates.end * scale };
}

/** `'cycle'`: against the rate, between `MOMENTUM_RANGE` (PyTorch's default). A number: fixed. */
export type MomentumPolicy = 'cycle' | number;

/** What one optimiser step is given. */
export interface StepRates {
  readonly lr: number;
  readonly momentum: number;
}

/** Momentum while it cycles: `max` at the first and last step, `base` where the rate peaks. */
export const MOMENTUM_RANGE = { base: 0.85, max: 0.95 } as const;

/** Share of the steps in which the rate rises. */
export const RISING_SHARE = 0.3;

/**
 * The one-cycle policy, cosine form with two phases (Smith & Topin 2018), step for step as PyTorch's
 * `OneCycleLR` computes it: the rate rises from `initial` to `max` over the first 30 % of the steps and
 * falls to `end` at the very last one. Nothing is kept between calls, so a resumed run asks for the same
 * step and gets the same numbers.
 */
export class OneCycle {
  readonly totalSteps: number;
  readonly rates: OneCycleRates;
  readonly momentum: MomentumPolicy;

  /** Throws a RangeError when `totalSteps` is no positive integer. */
  constructor(totalSteps: number, rates: OneCycleRates, momentum: MomentumPolicy = 'cycle') {
    if (!Number.isInteger(totalSteps) || totalSteps < 1) {
      throw new RangeError(`a schedule needs a positive whole number of steps, found ${totalSteps}`);
    }
    this.totalSteps = totalSteps;
    this.rates = rates;
    this.momentum = momentum;
  }

  /** Rate and momentum of optimiser step `step`, counted from 0 to `totalSteps - 1`. */
  at(step: number): StepRates {
    if (!Number.isInteger(step) || step < 0 || step >= this.totalSteps) {
      throw new RangeError(`step ${step} is outside the schedule's 0..${this.totalSteps - 1}`);
    }
    // The peak may fall between two steps, and before the first one in very short runs.
    const peak = RISING_SHARE * this.totalSteps - 1;
    const last = this.totalSteps - 1;
    const rising = step <= peak;
    const progress = rising ? step / peak : (step - peak) / (last - peak);
    const { initial, max, end } = this.rates;
    const lr = rising ? cosine(initial, max, progress) : cosine(max, end, progress);
    if (this.momentum !== 'cycle') return { lr, momentum: this.momentum };
    const { base, max: high } = MOMENTUM_RANGE;
    return { lr, momentum: rising ? cosine(high, base, progress) : cosine(base, high, progress) };
  }
}

/** From `start` (progress 0) to `end` (progress 1) along half a cosine. */
function cosine(start: number, end: number, progress: number): number {
  return end + ((start - end) / 2) * (Math.cos(Math.PI * progress) + 1);
}
