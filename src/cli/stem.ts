/** The first layer on the command line: `--stem`, `--avg`, `--alpha`. */
import type { Command } from 'commander';
import type { StemConfig } from '../models/registry.ts';
import { choice, inhibition, poolingSize } from './options.ts';

export interface StemFlags {
  readonly stem: StemConfig['kind'];
  readonly avg: number;
  readonly alpha: 'trainable' | number;
}

/** Add the options to a command, and return it. */
export function addStemOptions(command: Command): Command {
  return command
    .option(
      '--stem <kind>',
      'first layer: conv or pushpull',
      choice('--stem', ['conv', 'pushpull'] as const),
      'conv',
    )
    .option('--avg <size>', 'push-pull: average pooling of the pull response, 0 for none', poolingSize, 3)
    .option(
      '--alpha <strength>',
      'push-pull: trainable, or one number for all filters',
      inhibition,
      'trainable',
    );
}

/** The first layer that `--stem`, `--avg` and `--alpha` describe. */
export function toStem({ stem, avg, alpha }: StemFlags): StemConfig {
  return stem === 'conv' ? { kind: 'conv' } : { kind: 'pushpull', avg, alpha };
}
