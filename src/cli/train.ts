/** `pushpull train`: train a network, with progress, checkpoints and resuming. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import { DEVICES, type Device } from '../engine/engine.ts';
import { UserError } from '../errors.ts';
import { PRESETS, type PresetName } from '../train/config.ts';
import type { MomentumPolicy } from '../train/schedule.ts';
import { resumeRun, startRun } from '../train/start.ts';
import { choice, integer, momentum, positive } from './options.ts';
import { INTERRUPTED, interruptible } from './progress.ts';
import { addStemOptions, type StemFlags, toStem } from './stem.ts';
import { TrainingDisplay } from './training-display.ts';

const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];

const EXAMPLES = `
Examples:
  The paper's ResNet-18 on CIFAR-10, plain and with the push-pull layer:
    $ pushpull train --data cifar10 --stem conv --out runs/plain
    $ pushpull train --data cifar10 --stem pushpull --avg 3 --out runs/pushpull

  A small network on a part of the data, to see whether all works:
    $ pushpull train --data cifar10 --width 16 --epochs 2 --limit 2000 --stem pushpull

  Your own pictures: a folder (or .tar, .tar.gz) with train/<class>/* and test/<class>/*
    $ pushpull train --data ~/pictures --stem pushpull --avg 5 --alpha 1

  Ctrl-C stops after the step at hand and saves; this goes on where it stopped:
    $ pushpull train --out runs/plain --resume

The run's folder gets config.json (all settings), log.jsonl (a line an epoch), checkpoints/last and, at the end,
model.onnx. Presets: ${PRESET_NAMES.join(', ')}; \`pushpull models\` shows them.
`;

interface Flags extends StemFlags {
  data?: string;
  model: string;
  form?: 'cifar' | 'imagenet';
  width?: number;
  preset?: PresetName;
  epochs?: number;
  batch?: number;
  maxLr?: number;
  momentum?: MomentumPolicy;
  weightDecay?: number;
  limit?: number;
  seed: number;
  device?: Device;
  workers?: number;
  threads?: number;
  cache?: string;
  out?: string;
  resume?: boolean;
}

/** What may differ when a run is resumed: where it runs, not what it computes. */
const RESUMABLE = new Set(['out', 'resume', 'device', 'workers', 'threads', 'cache']);

export function register(program: Command): void {
  const network = program
    .command('train')
    .summary('train a plain or a push-pull network')
    .description('Train a network on images, with the recipe of the paper unless told otherwise.')
    .option(
      '--data <data>',
      'cifar10, mnist, or a folder or .tar(.gz) with train/<class>/* and test/<class>/*',
    )
    .option('--out <dir>', "the run's folder (default: runs/DATA-MODEL-STEM)")
    .option('--resume', 'continue the run in --out from its last checkpoint')
    .optionsGroup('Network:')
    .option('--model <name>', 'see `pushpull models`', 'resnet18')
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
  const command = addStemOptions(network)
    .optionsGroup('Recipe:')
    .option(
      '--preset <name>',
      'recipe to start from (default: by the data)',
      choice('--preset', PRESET_NAMES),
    )
    .option('--epochs <n>', 'passes over the training images', integer('--epochs', 1))
    .option('--batch <n>', 'images a step', integer('--batch', 1))
    .option('--max-lr <rate>', 'peak of the learning rate', positive('--max-lr'))
    .option('--momentum <m>', 'cycle (0.95 to 0.85 and back), or a number', momentum)
    .option('--weight-decay <w>', 'on every parameter', positive('--weight-decay', 'or zero'))
    .option('--limit <n>', 'use a seeded selection of n images of each split', integer('--limit', 1))
    .option('--seed <n>', 'of weights, order, crops and selections', integer('--seed', 0), 0)
    .optionsGroup('Machine:')
    .option('--device <name>', `${DEVICES.join(', ')} (default: cpu)`, choice('--device', DEVICES))
    .option('--threads <n>', 'threads of ONNX Runtime (default: one a core)', integer('--threads', 1))
    .option('--workers <n>', 'threads that load images (default: one for two cores)', integer('--workers', 1))
    .option('--cache <dir>', 'where downloaded data sets are kept')
    .addHelpText('after', EXAMPLES);
  command.action(async (flags: Flags) => {
    if (flags.resume) refuseChanges(command);
    await run(flags);
  });
}

async function run(flags: Flags): Promise<void> {
  const out = flags.out ?? (flags.resume ? undefined : defaultFolder(flags));
  if (out === undefined) throw new UserError('--resume: name the folder of the run with --out DIR');
  const display = new TrainingDisplay(out);
  const { threads, cache: cacheDir, device, workers } = flags;
  const result = await interruptible(
    async (signal) => {
      const session = {
        out,
        threads,
        cacheDir,
        signal,
        onConfig: display.config,
        onEvent: display.event,
      };
      try {
        return flags.resume
          ? await resumeRun(session, { device, workers })
          : await startRun(toRequest(flags), session);
      } finally {
        display.close();
      }
    },
    () => display.stopping(),
  );
  if (result.status === 'finished') return;
  console.error(`stopped and saved. Go on with: ${pc.bold(`pushpull train --out ${out} --resume`)}`);
  process.exitCode = INTERRUPTED;
}

function toRequest(flags: Flags) {
  const { data, model, form, width, preset, epochs, momentum: policy, weightDecay } = flags;
  const { limit, seed, device, workers, batch: batchSize, maxLr: maxRate } = flags;
  if (data === undefined) {
    throw new UserError('--data: say what to train on: cifar10, mnist or the path of an image folder');
  }
  return {
    data,
    model,
    form,
    width,
    stem: toStem(flags),
    antialias: flags.antialias,
    preset,
    epochs,
    batchSize,
    maxRate,
    momentum: policy,
    weightDecay,
    limit,
    seed,
    device,
    workers,
  };
}

function defaultFolder(flags: Flags): string {
  const { data = 'data', model, width, antialias } = flags;
  const name = basename(data).replace(/\.(tar|tar\.gz|tgz)$/, '');
  const stem = toStem(flags);
  const parts = [
    name,
    `${model}${width === undefined ? '' : `w${width}`}`,
    antialias === 'none' ? '' : antialias,
    `${stem.kind}${stem.kind === 'pushpull' ? stem.avg : ''}`,
    stem.kind === 'conv' || flags.alpha === undefined ? '' : `alpha-${flags.alpha}`,
  ];
  return `runs/${parts.filter((part) => part !== '').join('-')}`;
}

/** A resumed run keeps its settings; asking for others is a mistake better told than ignored. */
function refuseChanges(command: Command): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (RESUMABLE.has(name) || command.getOptionValueSource(name) !== 'cli') continue;
    throw new UserError(
      `${option.long}: a resumed run keeps the settings it was started with; leave the option out, or start a new run without --resume`,
    );
  }
}
