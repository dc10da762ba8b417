import { UserError } from '../errors.ts';

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
}
