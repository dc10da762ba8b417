import { UserError } from '../errors.ts';
import type { Tensor } from '../graph/tensor.ts';

/** The loss or a weight is no number any more: going on would only train on garbage. */
export class DivergedError extends UserError {
  /** What became no number, in words. */
  readonly reason: string;
  /** Optimiser step at which it was seen, counted from 1 over the whole run. */
  readonly step: number;
  /** Counted from 1. */
  readonly epoch: number;

  constructor(message: string, { reason, step, epoch }: { reason: string; step: number; epoch: number }) {
    super(message);
    this.reason = reason;
    this.step = step;
    this.epoch = epoch;
  }

  /**
   * With the message for whoever trains.
   *
   * @param where `batch` as `3 of 782`; `checkpoint` is the last good one, where there is one
   */
  static at(where: {
    readonly reason: string;
    readonly step: number;
    readonly epoch: number;
    readonly batch: string;
    /** Learning rate of that step. */
    readonly rate: number;
    readonly checkpoint?: string;
  }): DivergedError {
    const { reason, step, epoch, batch, rate, checkpoint } = where;
    return new DivergedError(
      `training stopped: ${reason} at step ${step} (epoch ${epoch}, batch ${batch}, ` +
        `learning rate ${rate.toPrecision(3)}). ` +
        (checkpoint
          ? `The last good checkpoint is kept in ${checkpoint}. `
          : 'There was no checkpoint yet. ') +
        'Train again with a lower --max-lr, and look for images or labels that are broken.',
      { reason, step, epoch },
    );
  }
}

/** The first tensor that holds something else than finite numbers. */
export function firstInfinite(weights: ReadonlyMap<string, Tensor>): string | undefined {
  for (const [name, { data }] of weights) {
    if (data instanceof Float32Array && !data.every(Number.isFinite)) return name;
  }
  return undefined;
}
