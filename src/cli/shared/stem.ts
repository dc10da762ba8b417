/** What can be varied in a network, on the command line: its first layer, and blurs against aliasing. */
import type { Command } from 'commander';
import { UserError } from '../../errors.ts';
import type { Antialias, BatchNormConfig, StemConfig, StemKind } from '../../models/config.ts';
import { choice, inhibition, poolingSize, positive, share } from './options.ts';

export interface StemFlags {
  readonly stem?: StemKind;
  readonly avg?: number;
  readonly alpha?: 'trainable' | number;
  readonly antialias?: Antialias;
  readonly stemBias?: boolean;
  readonly bnEps?: number;
  readonly bnMomentum?: number;
}

const STEMS: readonly StemKind[] = ['conv', 'pushpull', 'pushpull2020'];
const ANTIALIAS: readonly Antialias[] = ['none', 'blurconv1', 'blurconv2'];

/** Add the options to a command, and return it. */
export function addStemOptions(command: Command): Command {
  return command
    .option('--stem <kind>', `first layer: ${STEMS.join(', ')} (default: conv)`, choice('--stem', STEMS))
    .option(
      '--avg <size>',
      'pushpull: average pooling of the pull response, 0 for none (default: 3)',
      poolingSize,
    )
    .option(
      '--alpha <strength>',
      'strength of inhibition: trainable, or one number for all filters (default: trainable; 1 for pushpull2020)',
      inhibition,
    )
    .option(
      '--antialias <kind>',
      `blurs in strided layers of a ResNet: ${ANTIALIAS.join(', ')} (default: none)`,
      choice('--antialias', ANTIALIAS),
    )
    .option('--stem-bias', 'a bias in the first layer (default: as the network is published)')
    .option('--no-stem-bias', 'no bias there')
    .option('--bn-eps <eps>', 'of every batch norm (default: as published)', positive('--bn-eps'))
    .option(
      '--bn-momentum <m>',
      'weight of a batch in the running statistics of batch norms (default: as published)',
      share('--bn-momentum'),
    );
}

/** The first layer that `--stem`, `--avg` and `--alpha` describe. @throws UserError when one is given that it has not */
export function toStem({ stem = 'conv', avg, alpha }: Pick<StemFlags, 'stem' | 'avg' | 'alpha'>): StemConfig {
  if (stem !== 'pushpull' && avg !== undefined) {
    throw new UserError(
      `--avg ${avg}: only the first layer pushpull pools; add --stem pushpull, or leave it out`,
    );
  }
  switch (stem) {
    case 'conv':
      if (alpha === undefined) return { kind: 'conv' };
      throw new UserError(
        `--alpha ${alpha}: a plain convolution inhibits nothing; add --stem pushpull, or leave it out`,
      );
    case 'pushpull':
      return { kind: 'pushpull', avg: avg ?? 3, alpha: alpha ?? 'trainable' };
    case 'pushpull2020':
      return { kind: 'pushpull2020', alpha: alpha ?? 1 };
  }
}

/** The same where weights may decide: undefined when none of the options is given. */
export function askedStem(flags: Pick<StemFlags, 'stem' | 'avg' | 'alpha'>): StemConfig | undefined {
  const { stem, avg, alpha } = flags;
  return stem === undefined && avg === undefined && alpha === undefined ? undefined : toStem(flags);
}

/** What is asked of the batch norms; undefined when nothing is. */
export function toBatchNorm({
  bnEps: eps,
  bnMomentum: momentum,
}: StemFlags): Partial<BatchNormConfig> | undefined {
  if (eps === undefined && momentum === undefined) return undefined;
  return { ...(eps === undefined ? {} : { eps }), ...(momentum === undefined ? {} : { momentum }) };
}
