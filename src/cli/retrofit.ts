/** `pushpull retrofit`: put the push-pull layer into a finished ONNX model, in place of its first convolution. */

import type { Command } from 'commander';
import type { BadLimit } from '../data/bad-images.ts';
import { DEVICES, type Device } from '../engine/engine.ts';
import { UserError } from '../errors.ts';
import type { AskedLimits } from '../evaluate/model/model-demands.ts';
import type { PreprocessingFlags } from '../evaluate/model/preprocessing.ts';
import type { RetrofitEvent, RetrofitOutcome, RetrofitStage } from '../evaluate/retrofit/request.ts';
import { retrofitModel } from '../evaluate/retrofit/retrofit.ts';
import { shellWord } from '../run/command.ts';
import { percent, plural, thousands } from '../words.ts';
import { printDoubts } from './evaluate/model-reading.ts';
import { addSkipBadOptions, badImagesFacts, checkMaxBad } from './shared/bad-images.ts';
import { addDataOptions, type DataFlags, toDataSpec } from './shared/data-options.ts';
import { facts, note } from './shared/lines.ts';
import { addModelLimits, toLimits } from './shared/model-limits.ts';
import { choice, integer, poolingSize, toNumber } from './shared/options.ts';
import { addPreprocessingOptions, preprocessingWords, toPreprocessing } from './shared/preprocessing.ts';
import { duration, INTERRUPTED, interruptible, ProgressLine } from './shared/progress.ts';

const EXAMPLES = `
Examples:
  A network of a run. Scale and shift of the new layer's responses are estimated on 1,000 training images, so that
  what follows sees what it was trained on; then the error on clean test images is measured before and after:
    $ pushpull retrofit runs/plain --data cifar10 --avg 3 --alpha 0.5 --out retrofitted.onnx
    $ pushpull evaluate retrofitted.onnx --data cifar10 --baseline runs/plain/result.json

  Any other ONNX classifier that begins with a convolution, with the preprocessing that it was trained with:
    $ pushpull retrofit resnet50.onnx --data ~/imagenet --input-size 224 --resize 256 \\
        --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --limit 5000 --out retrofitted.onnx

  Without data: the layer alone, with scale 1 and the bias of the convolution. Expect a larger error:
    $ pushpull retrofit resnet50.onnx --alpha 0.5 --out retrofitted.onnx

The layer's filters, stride and padding stay; alpha is fixed, the same for all filters. A network whose first layer
embeds patches (a convolution whose windows do not overlap) is retrofitted too, with a warning: push-pull is modelled
for overlapping windows. Nothing is trained, and the clean error rises, the more the larger alpha is. To train on with
push-pull, start from a network's weights: \`pushpull train --weights FILE --stem pushpull\`.
`;

interface Flags extends PreprocessingFlags, AskedLimits, DataFlags {
  out: string;
  avg: number;
  alpha: number;
  data?: string;
  images?: number;
  limit?: number;
  seed: number;
  batch: number;
  device: Device;
  workers?: number;
  threads?: number;
  cache?: string;
  skipBad?: boolean;
  maxBad?: BadLimit;
}

export function register(program: Command): void {
  const command = program
    .command('retrofit')
    .summary('replace the first convolution of an ONNX model by push-pull')
    .description(
      'Replace the first convolution of any ONNX image classifier, or of the model of a run, by a push-pull layer.',
    )
    .argument('<model>', 'MODEL.onnx, or the folder of a run')
    .requiredOption('--out <file>', 'the ONNX file to write')
    .option('--avg <size>', 'average pooling of the pull response, 0 for none', poolingSize, 3)
    .option('--alpha <strength>', 'inhibition strength, one number for all filters', strength, 1)
    .option(
      '--data <data>',
      'clean images to fit the layer on and to measure on: cifar10, mnist, or a folder or .tar(.gz) with\n' +
        'train/<class>/* and test/<class>/*',
    )
    .option('--images <n>', 'training images to fit on (default: 1000)', integer('--images', 1))
    .option('--limit <n>', 'measure errors on a seeded selection of n test images', integer('--limit', 1))
    .option('--seed <n>', 'seed of both selections', integer('--seed', 0), 0)
    .option('--batch <n>', 'images a batch', integer('--batch', 1), 64)
    .option('--device <name>', DEVICES.join(', '), choice('--device', DEVICES), 'cpu')
    .option('--workers <n>', 'threads that decode images (default: one a core)', integer('--workers', 1))
    .option('--threads <n>', 'threads of ONNX Runtime (default: one a core)', integer('--threads', 1))
    .option('--cache <dir>', 'where downloaded data sets are kept');
  addSkipBadOptions(addModelLimits(command), 'beside the model');
  addPreprocessingOptions(addDataOptions(command))
    .addHelpText('after', EXAMPLES)
    .action(async (model: string, flags: Flags) => run(model, flags));
}

async function run(model: string, flags: Flags): Promise<void> {
  refuseWithoutData(flags);
  checkMaxBad(flags);
  const data = flags.data === undefined ? undefined : toDataSpec(flags.data, flags);
  const { out, avg, alpha, images, limit, seed, device, threads, workers, skipBad } = flags;
  const display = new RetrofitDisplay(flags);
  let stopped = false;
  try {
    const outcome = await interruptible(
      (signal) =>
        retrofitModel({
          ...{ model, out, avg, alpha, data, images, limit, seed, device, threads, workers, skipBad },
          maxBad: flags.maxBad,
          batchSize: flags.batch,
          cacheDir: flags.cache,
          preprocessing: toPreprocessing(flags),
          ...toLimits(flags),
          signal,
          onEvent: display.event,
        }),
      () => {
        stopped = true;
        display.stopping();
      },
    );
    display.close();
    report(outcome, flags);
  } catch (error) {
    display.close();
    if (!stopped || error instanceof UserError) throw error;
    console.error('stopped: nothing was written');
    process.exitCode = INTERRUPTED;
  }
}

/** Inhibition strength: what `train` learns is fixed here. */
function strength(text: string): number {
  const value = toNumber(text);
  if (Number.isFinite(value)) return value;
  throw new UserError(
    `--alpha: expected a number such as 1, found "${text}"; a retrofit trains nothing, so alpha is fixed`,
  );
}

/** Options that speak about images would otherwise be ignored. */
function refuseWithoutData({ data, images, limit }: Flags): void {
  if (data !== undefined) return;
  const [option] = [images !== undefined && '--images', limit !== undefined && '--limit'].filter(Boolean);
  if (option)
    throw new UserError(`${option}: selects images of --data, which is missing; pass both or neither`);
}

const STAGES: Readonly<Record<RetrofitStage, string>> = {
  original: 'error before',
  estimating: 'estimating',
  retrofitted: 'error after',
  'not re-estimated': 'not re-estimated',
};

/** The model and the layer, then a bar. */
class RetrofitDisplay {
  readonly #flags: Flags;
  readonly #line = new ProgressLine();
  #stopping = false;

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  readonly event = (event: RetrofitEvent): void => {
    if (event.kind === 'start') {
      const { avg, alpha } = this.#flags;
      const { name, kernels, stride } = event.layer;
      const [filters, channels, height, width] = kernels;
      facts([
        [
          'model',
          `${event.model.name} ${event.model.variant}, ${plural(event.model.parameters, 'parameter')}`,
        ],
        [
          'layer',
          `${name}, ${filters} filters ${channels}×${height}×${width}, stride ${[...new Set(stride)].join('×')}`,
        ],
        ['becomes', `push-pull ${avg > 1 ? `avg${avg}` : 'without pooling'}, alpha ${alpha}`],
      ]);
    } else if (event.kind === 'read') printDoubts(event.reading);
    else if (!this.#stopping) {
      const { stage, images, totalImages, imagesPerSecond, remainingSeconds } = event;
      const pace = `${thousands(Math.round(imagesPerSecond))} images/s, ${duration(remainingSeconds)} left`;
      this.#line.update(images, totalImages, STAGES[stage].padEnd(16), pace);
    }
  };

  stopping(): void {
    this.#stopping = true;
    this.#line.log('stopping after this batch (Ctrl-C again quits at once)');
  }

  close(): void {
    this.#line.clear();
  }
}

function report({ measured, bytes, notes }: RetrofitOutcome, flags: Flags): void {
  facts([['size', `${Number((bytes / 1e6).toPrecision(2))} MB`]]);
  for (const text of notes) note(text);
  if (measured) {
    facts(badImagesFacts(measured.badImages.images, measured.badImages.file));
    const { data, estimatedOn, errors, scale } = measured;
    const split = estimatedOn.split === 'train' ? 'training' : 'test';
    const factors = scale.map((factor) => Number(factor.toPrecision(3))).join(' to ');
    console.log(`error on ${plural(errors.images, 'clean image')} of ${data}, test`);
    for (const [what, error, remark] of [
      ['before', errors.original, ''],
      [
        'after',
        errors.retrofitted,
        `scale (${factors}) and shift estimated on ${plural(estimatedOn.images, `${split} image`)}`,
      ],
      [
        'not estimated',
        errors.notReestimated,
        "scale 1, the convolution's own bias; for comparison, not written",
      ],
    ] as const) {
      console.log(`  ${what.padEnd(14)}${percent(error).padStart(7)}  ${remark}`.trimEnd());
    }
  } else {
    note(
      "the layer's responses were not fitted to what follows, which was trained on others; pass --data to do so",
    );
  }
  console.log(`model: ${flags.out}`);
  const next = [
    'evaluate',
    flags.out,
    '--data',
    flags.data ?? 'DATA',
    ...preprocessingWords(measured?.flags ?? flags),
  ];
  console.log(`next: pushpull ${next.map(shellWord).join(' ')}`);
}
