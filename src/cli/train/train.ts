/** `pushpull train`: train a network, with progress, checkpoints and resuming. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import { UserError } from '../../errors.ts';
import { type CommandWord, commandParts } from '../../run/command.ts';
import { openRun } from '../../run/run.ts';
import { DEFAULT_MODEL } from '../../train/plan.ts';
import type { TrainingRequest } from '../../train/request.ts';
import { resumeRun, startRun } from '../../train/start.ts';
import { integer, positive } from '../shared/options.ts';
import { INTERRUPTED, interruptible } from '../shared/progress.ts';
import { askedStem, toStem } from '../shared/stem.ts';
import { TrainingDisplay } from './display.ts';
import { checkResumed } from './resumed.ts';
import {
  addMachineOptions,
  addNetworkOptions,
  addPresetOptions,
  addSelectionOptions,
  dataFolderName,
  PRESET_NAMES,
  RESUMABLE,
  type RunFlags,
  toRunRequest,
} from './run-options.ts';

const EXAMPLES = `
Examples:
  The paper's ResNet-18 on CIFAR-10, plain and with the push-pull layer:
    $ pushpull train --data cifar10 --stem conv --out runs/plain
    $ pushpull train --data cifar10 --stem pushpull --avg 3 --out runs/pushpull

  A small network on a part of the data, to see whether all works:
    $ pushpull train --data cifar10 --width 16 --epochs 2 --limit 2000 --stem pushpull

  Your own pictures: a folder (or .tar, .tar.gz) with train/<class>/* and test/<class>/*
    $ pushpull train --data ~/pictures --stem pushpull --avg 5 --alpha 1

  ImageNet (a folder, or the official archives as they are), 100 of its classes, a fifth of their training images:
    $ pushpull train --data imagenet100:/data/ILSVRC2012 --fraction 0.2 --out runs/imagenet100
    $ pushpull train --data imagenet:/data/ILSVRC2012 --classes-file classes.txt --out runs/chosen

  Training images varied at random beside crop and flip; \`pushpull augment\` shows what they look like:
    $ pushpull train --data cifar10 --stem pushpull --augment augmix

  Fine-tuning: start from weights (safetensors, PyTorch's .pth or .ckpt, or a run), here with the push-pull layer in the
  place of their first convolution. A rate well below the recipe's keeps what they know:
    $ pushpull train --data ~/pictures --weights resnet50.pth --stem pushpull --avg 3 \\
        --new-classifier --epochs 5 --max-lr 0.01
    $ pushpull train --data cifar10 --weights runs/plain --stem pushpull --epochs 5 --max-lr 0.02

  Pictures that cannot be read are left out, counted and listed in bad-images.tsv; more than 20 of them stop the run:
    $ pushpull train --data ~/pictures --max-bad 20

  On the libtorch of an installed PyTorch, in half the bits, or on an NVIDIA GPU:
    $ pushpull train --data cifar10 --engine torch --precision bfloat16
    $ pushpull train --data cifar10 --engine torch --device cuda --tf32

  Ctrl-C stops after the step at hand and saves, and every five minutes it saves anyway; this goes on where it stopped,
  and so does the same command with --resume added:
    $ pushpull train --out runs/plain --resume

The run's folder gets config.json (all settings), log.jsonl (a line an epoch), checkpoints/last, bad-images.tsv where
images could not be read and, at the end, model.onnx. Presets: ${PRESET_NAMES.join(', ')}; \`pushpull models\` shows them.
`;

/** What may differ in a run that goes on. */
const CHANGEABLE = [...RESUMABLE, 'precision', 'tf32'];

interface Flags extends RunFlags {
  batch?: number;
  maxLr?: number;
  weightDecay?: number;
  seed: number;
  weights?: string;
  newClassifier?: boolean;
  reestimateBn?: number;
}

export function register(program: Command): void {
  const command = program
    .command('train')
    .summary('train a plain or a push-pull network')
    .description('Train a network on images, with the recipe of the paper unless told otherwise.')
    .option(
      '--data <data>',
      'cifar10, mnist, imagenet:PATH, or a folder or .tar(.gz) with train/<class>/* and test/<class>/*',
    )
    .option('--out <dir>', "the run's folder (default: runs/DATA-MODEL-STEM)")
    .option('--resume', 'continue the run in --out from its last checkpoint');
  addNetworkOptions(command)
    .optionsGroup('Starting from weights (they tell what is left open of the network):')
    .option('--weights <file>', "safetensors, PyTorch's .pth, .pt or .ckpt, or the folder of a run")
    .option('--new-classifier', 'start the classifier anew: for other classes than theirs')
    .option(
      '--reestimate-bn <n>',
      'measure batch norms anew over n batches before the first step (default: 50 where the first layer changes, else 0)',
      integer('--reestimate-bn', 0),
    );
  const recipe = addPresetOptions(command)
    .option('--batch <n>', 'images a step', integer('--batch', 1))
    .option('--max-lr <rate>', 'peak of the learning rate', positive('--max-lr'))
    .option('--weight-decay <w>', 'on every parameter', positive('--weight-decay', 'or zero'));
  addSelectionOptions(
    recipe,
    'score on a share of the training images that is held out, and leave the test images alone',
  ).option('--seed <n>', 'of weights, order, crops and selections', integer('--seed', 0), 0);
  addMachineOptions(command).addHelpText('after', EXAMPLES);
  command.action(async (flags: Flags) => {
    await run(flags, command);
  });
}

async function run(flags: Flags, command: Command): Promise<void> {
  const out = flags.out ?? (flags.resume && flags.data === undefined ? undefined : defaultFolder(flags));
  if (out === undefined) throw new UserError('--resume: name the folder of the run with --out DIR');
  if (flags.resume) checkResumed(command, (await openRun(out)).config, out, CHANGEABLE);
  const display = new TrainingDisplay(out);
  const { engine, device, precision, tf32, workers, cache: cacheDir, maxBad, checkpointEvery } = flags;
  const { threads, gpu, torch, deterministic } = flags;
  const fixedThreads = deterministic ? (threads ?? 1) : undefined;
  const changes = { engine, device, precision, tf32, fixedThreads };
  const result = await interruptible(
    async (signal) => {
      const session = {
        out,
        threads,
        gpu,
        torch,
        cacheDir,
        maxBad,
        checkpointEvery,
        signal,
        onConfig: display.config,
        onData: display.data,
        onEvent: display.event,
      };
      try {
        return flags.resume
          ? await resumeRun(session, { ...changes, workers })
          : await startRun(toRequest(flags), session);
      } finally {
        display.close();
      }
    },
    () => display.stopping(),
  );
  if (result.status === 'finished') return;
  const again = [`pushpull train --out ${out} --resume`, ...commandParts(toRepeat(flags))].join(' ');
  console.error(`stopped and saved. Go on with: ${pc.bold(again)}`);
  process.exitCode = INTERRUPTED;
}

/** What was said of the engine and is not kept with the run: where it is, and changes of what the run was begun with. */
function toRepeat({ resume, engine, device, precision, tf32, gpu, torch }: Flags): CommandWord[] {
  const changes: CommandWord[] = [
    ['--engine', engine],
    ['--device', device],
    ['--precision', precision],
    ...(tf32 === undefined ? [] : [tf32 ? '--tf32' : '--no-tf32']),
  ];
  return [...(resume ? changes : []), ['--gpu', gpu], ['--torch', torch]];
}

function toRequest(flags: Flags): TrainingRequest {
  const { seed, batch: batchSize, maxLr: maxRate, weightDecay, weights, newClassifier } = flags;
  const { reestimateBn: reestimate } = flags;
  for (const [option, value] of Object.entries({ newClassifier, reestimate })) {
    if (weights === undefined && value !== undefined) {
      throw new UserError(`${WITH_WEIGHTS[option]}: only with --weights; add it, or leave the option out`);
    }
  }
  const initial = { weights, newClassifier, reestimate };
  return { ...toRunRequest(flags), ...initial, batchSize, maxRate, weightDecay, seed };
}

const WITH_WEIGHTS: Readonly<Record<string, string>> = {
  newClassifier: '--new-classifier',
  reestimate: '--reestimate-bn',
};

function defaultFolder(flags: Flags): string {
  const { data = 'data', width, weights, antialias = 'none', augment = 'none' } = flags;
  const name = dataFolderName(data);
  const model = weights === undefined ? DEFAULT_MODEL : `from-${basename(weights).replace(/\.\w+$/, '')}`;
  // Weights may bring a first layer of their own.
  const stem = weights === undefined ? toStem(flags) : askedStem(flags);
  const parts = [
    name,
    `${flags.model ?? model}${width === undefined ? '' : `w${width}`}`,
    antialias === 'none' ? '' : antialias,
    stem === undefined ? '' : `${stem.kind}${stem.kind === 'pushpull' ? stem.avg : ''}`,
    stem?.kind === 'conv' || flags.alpha === undefined ? '' : `alpha-${flags.alpha}`,
    augment === 'none' ? '' : augment,
    flags.jsd === undefined ? '' : `jsd${flags.jsd}`,
  ];
  return `runs/${parts.filter((part) => part !== '').join('-')}`;
}
