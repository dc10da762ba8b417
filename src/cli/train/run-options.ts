/** What `pushpull train` and `pushpull search` ask about a run: its network, its recipe, and where it runs. */

import { basename } from 'node:path';
import type { Command } from 'commander';
import { AUGMENTATION_REQUESTS, type AugmentationRequest } from '../../augment/augment.ts';
import { BAD_LIMIT_HELP, type BadLimit, parseBadLimit } from '../../data/bad-images.ts';
import { parseWishes } from '../../data/formats/spec.ts';
import { parseImageNetSpec } from '../../data/imagenet/source.ts';
import { UserError } from '../../errors.ts';
import type { Form } from '../../models/config.ts';
import { CHECKPOINT_MINUTES } from '../../run/checkpoint-writer.ts';
import { PRESETS, type PresetName } from '../../run/config.ts';
import type { MomentumPolicy } from '../../run/schedule.ts';
import { DEFAULT_MODEL } from '../../train/plan.ts';
import type { ImageLimit, TrainingRequest } from '../../train/request.ts';
import { addClassOptions, type ClassFlags, toClassSelection } from '../shared/class-options.ts';
import { addLabelOptions, type DataFlags, toDataSpec } from '../shared/data-options.ts';
import { addEngineOptions, type EngineFlags } from '../shared/engine-options.ts';
import { choice, imageLimit, integer, momentum, positive, share } from '../shared/options.ts';
import { addStemOptions, askedStem, type StemFlags, toBatchNorm } from '../shared/stem.ts';

export const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];

export interface RunFlags extends StemFlags, ClassFlags, EngineFlags, Omit<DataFlags, 'split'> {
  data?: string;
  out?: string;
  resume?: boolean;
  model?: string;
  form?: Form;
  width?: number;
  preset?: PresetName;
  epochs?: number;
  momentum?: MomentumPolicy;
  augment?: AugmentationRequest;
  jsd?: number;
  validation?: number;
  fraction?: number;
  limit?: ImageLimit;
  workers?: number;
  cache?: string;
  maxBad?: BadLimit;
  checkpointEvery?: number;
  deterministic?: boolean;
}

/** What may differ when something is resumed: where it runs, not what it computes. */
export const RESUMABLE: readonly string[] = [
  'out',
  'resume',
  'engine',
  'device',
  'gpu',
  'torch',
  'workers',
  'threads',
  'deterministic',
  'cache',
  'maxBad',
  'checkpointEvery',
  'maxPixels',
  'maxUnpacked',
];

/** Add the options to a command, and return it; so do the others below. */
export function addNetworkOptions(command: Command): Command {
  const network = command
    .optionsGroup('Network:')
    .option('--model <name>', `see \`pushpull models\` (default: ${DEFAULT_MODEL})`)
    .option(
      '--form <form>',
      'cifar (small images) or imagenet (default: by image size)',
      choice('--form', ['cifar', 'imagenet'] as const),
    )
    .option(
      '--width <n>',
      'channels of the first stage (default: as published, 64 for the ResNets)',
      integer('--width', 1),
    );
  return addStemOptions(network);
}

export function addPresetOptions(command: Command): Command {
  return command
    .optionsGroup('Recipe:')
    .option(
      '--preset <name>',
      'recipe to start from (default: by the data)',
      choice('--preset', PRESET_NAMES),
    )
    .option('--epochs <n>', 'passes over the training images', integer('--epochs', 1))
    .option('--momentum <m>', 'cycle (0.95 to 0.85 and back), or a number', momentum)
    .option(
      '--augment <name>',
      `vary the training images: ${AUGMENTATION_REQUESTS.join(', ')} (default: none; see \`pushpull augment\`)`,
      choice('--augment', AUGMENTATION_REQUESTS),
    )
    .option(
      '--jsd <weight>',
      "add AugMix's consistency loss over three views of each image, so weighted (its authors': 12; --augment augmix only)",
      positive('--jsd'),
    );
}

/** @param validation What the held-out images are for, and how many are held out by default. */
export function addSelectionOptions(command: Command, validation: string): Command {
  return addLabelOptions(addClassOptions(command))
    .option('--validation <share>', validation, share('--validation'))
    .option(
      '--fraction <share>',
      'train on a seeded share of the training images, such as 0.2 or 20%',
      share('--fraction'),
    )
    .option(
      '--limit <n>',
      'use a seeded selection of n images of each split (or: train=5000,test=1000)',
      imageLimit,
    );
}

export function addMachineOptions(command: Command): Command {
  return addEngineOptions(command.optionsGroup('Machine:'))
    .option(
      '--deterministic',
      'the same bits whatever the number of cores: on the CPU, with --threads (default: 1), when resumed too',
    )
    .option('--workers <n>', 'threads that load images (default: one for two cores)', integer('--workers', 1))
    .option('--cache <dir>', 'where downloaded data sets are kept')
    .option('--max-bad <n>', BAD_LIMIT_HELP, parseBadLimit)
    .option(
      '--checkpoint-every <minutes>',
      `save within epochs too, so that no more is lost when the process is killed (default: ${CHECKPOINT_MINUTES}; 0: at the ends of epochs only)`,
      positive('--checkpoint-every', 'or zero'),
    );
}

/** The part of a request that both commands take from their options. */
export function toRunRequest(flags: RunFlags): TrainingRequest {
  const {
    data,
    model,
    form,
    width,
    antialias,
    stemBias,
    preset,
    epochs,
    validation,
    fraction,
    limit,
    workers,
  } = flags;
  if (data === undefined) {
    throw new UserError(
      '--data: say what to train on: cifar10, mnist, imagenet:PATH or the path of an image folder',
    );
  }
  const stem = askedStem(flags);
  const { engine, device, precision, tf32, deterministic, threads = 1 } = flags;
  const policy = { momentum: flags.momentum, augment: flags.augment, jsd: flags.jsd };
  return {
    data: toDataSpec(data, flags),
    model,
    form,
    width,
    stem,
    antialias,
    stemBias,
    batchNorm: toBatchNorm(flags),
    preset,
    epochs,
    ...policy,
    classes: toClassSelection(flags),
    validation,
    fraction,
    limit,
    engine,
    device,
    precision,
    tf32,
    fixedThreads: deterministic ? threads : undefined,
    workers,
  };
}

/** What a folder is called after, of what `--data` says. */
export function dataFolderName(data: string): string {
  const draw = parseImageNetSpec(data)?.draw;
  if (draw) return `imagenet${draw.count}${draw.seed === 0 ? '' : `-seed${draw.seed}`}`;
  return basename(parseWishes(data).path).replace(/\.(tar|tar\.gz|tgz|zip|csv|jsonl|parquet)$/, '');
}

/**
 * What is resumed keeps its settings; asking for others is a mistake better told than ignored.
 *
 * @param what `run`, say.
 * @param allowed Attributes of options that may be given all the same.
 */
export function refuseChanges(command: Command, what: string, allowed: readonly string[]): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (allowed.includes(name) || command.getOptionValueSource(name) !== 'cli') continue;
    throw new UserError(
      `${option.long}: a resumed ${what} keeps the settings it was started with; leave the option out, or start a new ${what} without --resume`,
    );
  }
}
