/** `pushpull evaluate`: clean error and the corruption grid of a model on the command line. */
import path from 'node:path';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import pc from 'picocolors';
import { PARAMETER_SETS, type ParameterSet } from '../corrupt/index.ts';
import { DEVICES, type Device } from '../engine/engine.ts';
import { UserError } from '../errors.ts';
import { type EvaluateOptions, type EvaluationEvent, evaluate } from '../evaluate/evaluate.ts';
import { parseCorruptions, parseSeverities } from '../evaluate/grid.ts';
import type { PreprocessingFlags } from '../evaluate/model.ts';
import { isRun } from '../train/run.ts';
import { resultTable } from './evaluate-table.ts';

const EXAMPLES = `
Examples:
  A trained run, then a push-pull run compared with it:
    $ pushpull evaluate runs/plain --data cifar10 --out plain.json
    $ pushpull evaluate runs/pushpull --data cifar10 --baseline plain.json --out pushpull.json
    $ pushpull report plain.json pushpull.json --out report

  A quick look: 1,000 images, noise and fog, three severities:
    $ pushpull evaluate runs/plain --data cifar10 --limit 1000 --corruptions noise,fog --severities 1,3,5

  Any other ONNX classifier, with the preprocessing that it was trained with:
    $ pushpull evaluate resnet50.onnx --data ~/imagenet --input-size 224 --resize 256 \\
        --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --out resnet50.json

Corruptions: all is the benchmark's 15. Groups: noise, blur, weather, digital, and extra (speckle_noise,
gaussian_blur, spatter, saturate). none measures the clean error alone.

Ctrl-C stops after the batch at hand. The same command continues where it was stopped.
`;

interface Flags {
  data: string;
  corruptions: string;
  severities: string;
  limit?: number;
  baseline?: string;
  out?: string;
  set?: ParameterSet;
  seed: number;
  batch: number;
  device: Device;
  workers?: number;
  threads?: number;
  cache?: string;
  frost?: string;
  skipBad?: boolean;
  inputSize?: PreprocessingFlags['inputSize'];
  mean?: PreprocessingFlags['mean'];
  std?: PreprocessingFlags['std'];
  layout?: PreprocessingFlags['layout'];
  resize?: number;
  scale?: PreprocessingFlags['scale'];
  output?: string;
}

export function register(program: Command): void {
  program
    .command('evaluate')
    .summary('measure a model on clean and corrupted images')
    .description(
      'Measure any ONNX image classifier, or the model of a run, on clean images and under 15 corruptions at 5 severities.',
    )
    .argument('<model>', 'MODEL.onnx, or the folder of a run')
    .requiredOption(
      '--data <data>',
      'cifar10, mnist, or a folder or .tar(.gz) with test/<class>/* or val/<class>/*',
    )
    .option('--corruptions <list>', 'all, none, or names and groups separated by commas', 'all')
    .option('--severities <list>', 'all, or numbers and ranges from 1 to 5: 1,3,5 or 2-4', 'all')
    .option('--limit <n>', 'measure a seeded selection of n images', integer('--limit', 1))
    .option('--baseline <file>', 'result of the network to compare with')
    .option('--out <file>', 'result file (default: result.json in the run, or MODEL.result.json here)')
    .option(
      '--set <name>',
      'strengths of the corruptions: cifar or imagenet (default: by image size)',
      choice('--set', PARAMETER_SETS),
    )
    .option('--seed <n>', 'seed of the selection and the corruptions', integer('--seed', 0), 0)
    .option('--batch <n>', 'images a batch', integer('--batch', 1), 64)
    .option('--device <name>', DEVICES.join(', '), choice('--device', DEVICES), 'cpu')
    .option(
      '--workers <n>',
      'threads that decode and corrupt images (default: one a core)',
      integer('--workers', 1),
    )
    .option('--threads <n>', 'threads of ONNX Runtime (default: one a core)', integer('--threads', 1))
    .option('--cache <dir>', 'where downloaded data sets are kept')
    .option('--frost <dir>', 'frost textures to use in place of the generated ones')
    .option('--skip-bad', 'leave unreadable images out instead of refusing the data')
    .optionsGroup('How the model wants its images (only where its file does not say):')
    .option('--input-size <n>', 'width and height in pixels, 224 or 320x240', inputSize)
    .option('--resize <n>', 'short side before the centre crop', integer('--resize', 1))
    .option('--mean <r,g,b>', 'mean of each channel, or one number for all', triple('--mean'))
    .option('--std <r,g,b>', 'standard deviation of each channel, or one number', triple('--std'))
    .option(
      '--scale <range>',
      'pixel range that mean and std refer to: 0-1 or 0-255',
      choice('--scale', ['0-1', '0-255'] as const),
    )
    .option('--layout <layout>', 'NCHW or NHWC', choice('--layout', ['NCHW', 'NHWC'] as const))
    .option('--output <name>', 'output with the logits, where there are several')
    .addHelpText('after', EXAMPLES)
    .action(async (model: string, flags: Flags) => run(model, flags));
}

async function run(model: string, flags: Flags): Promise<void> {
  const out =
    flags.out ??
    ((await isRun(model)) ? path.join(model, 'result.json') : `${path.parse(model).name}.result.json`);
  const abort = new AbortController();
  const stop = () => abort.abort();
  process.once('SIGINT', stop);
  const display = new Display();
  try {
    const result = await evaluate({
      ...toOptions(model, flags),
      out,
      signal: abort.signal,
      onEvent: (event) => display.show(event),
    });
    display.close();
    console.log(resultTable(result));
    console.log(`\nresult: ${out}`);
  } catch (error) {
    display.close();
    if (!abort.signal.aborted) throw error;
    console.error(
      `stopped: ${display.finished} of ${display.cells} cells are finished; the same command continues with the rest`,
    );
    process.exitCode = 130;
  } finally {
    process.removeListener('SIGINT', stop);
  }
}

function toOptions(model: string, flags: Flags): EvaluateOptions {
  const { data, baseline, set, limit, seed, device, threads, workers, skipBad } = flags;
  const { inputSize, mean, std, layout, resize, scale, output } = flags;
  return {
    model,
    data,
    baseline,
    corruptions: parseCorruptions(flags.corruptions),
    severities: parseSeverities(flags.severities),
    set,
    limit,
    seed,
    batchSize: flags.batch,
    device,
    threads,
    workers,
    cacheDir: flags.cache,
    frostDir: flags.frost,
    skipBad,
    preprocessing: { inputSize, mean, std, layout, resize, scale, output },
  };
}

/** A bar on a terminal; a line a cell in a log. */
class Display {
  finished = 0;
  cells = 0;
  #bar: SingleBar | undefined;
  #rate = 0;
  #remaining = 0;

  show(event: EvaluationEvent): void {
    if (event.kind === 'start') this.#start(event);
    else if (event.kind === 'progress') this.#progress(event);
    else this.#cell(event);
  }

  close(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #start({ model, data, environment, cells, finished }: EvaluationEvent & { kind: 'start' }): void {
    this.cells = cells;
    this.finished = finished;
    const { width, height, resize, mean, std } = data.preprocessing;
    const rounded = (values: readonly number[]) => values.map((value) => Number(value.toFixed(4))).join(' ');
    const lines = [
      ['model', `${model.name} ${model.variant}, ${model.parameters.toLocaleString('en')} parameters`],
      [
        'data',
        `${data.name} ${data.split}, ${data.images.toLocaleString('en')} images, ${data.classes} classes, seed ${data.seed}`,
      ],
      [
        'input',
        `${resize ? `short side to ${resize}, centre ` : ''}${width}×${height}, mean ${rounded(mean)}, std ${rounded(std)}`,
      ],
      ['corruptions', `strengths of the ${data.corruptionSet} set`],
      ['device', `${environment.device}, ${environment.threads} threads; ${environment.workers} workers`],
    ];
    for (const [name, text] of lines) console.error(`${pc.dim(name.padEnd(12))}${text}`);
    if (finished > 0)
      console.error(`${pc.dim('continued'.padEnd(12))}${finished} of ${cells} cells were finished before`);
    if (!process.stderr.isTTY || finished === cells) return;
    this.#bar = new SingleBar({
      format: `{bar} {value}/{total} cells  {cell}  {rate} images/s  {left}`,
      barsize: 20,
      hideCursor: true,
      stream: process.stderr,
      // Ctrl-C is handled by the command, which stops the evaluation cleanly.
      gracefulExit: false,
    });
    this.#bar.start(cells, finished, { cell: 'starting', rate: '–', left: '' });
  }

  #progress({ cell, imagesPerSecond, remainingSeconds }: EvaluationEvent & { kind: 'progress' }): void {
    this.#rate = imagesPerSecond;
    this.#remaining = remainingSeconds;
    this.#bar?.update(this.finished, this.#state(label(cell)));
  }

  #cell({ cell, top1 }: EvaluationEvent & { kind: 'cell' }): void {
    this.finished++;
    if (this.#bar) this.#bar.update(this.finished, this.#state(label(cell)));
    else if (this.cells > 0) {
      const { rate, left } = this.#state('');
      const error = `error ${(100 * top1).toFixed(1)} %`;
      console.error(
        `${this.finished}/${this.cells}  ${label(cell).padEnd(20)} ${error.padEnd(13)} ${rate} images/s  ${left}`,
      );
    }
  }

  #state(cell: string): { cell: string; rate: string; left: string } {
    return { cell: cell.padEnd(19), rate: this.#rate.toFixed(0), left: `${duration(this.#remaining)} left` };
  }
}

function label(cell: 'clean' | { corruption: string; severity: number }): string {
  return cell === 'clean' ? 'clean' : `${cell.corruption} ${cell.severity}`;
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function integer(option: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new UserError(`${option}: expected a whole number, ${least} or more, found "${text}"`);
  };
}

function choice<T extends string>(option: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const value = choices.find((name) => name === text);
    if (value !== undefined) return value;
    throw new UserError(`${option}: expected ${choices.join(' or ')}, found "${text}"`);
  };
}

function triple(option: string): (text: string) => readonly [number, number, number] {
  return (text) => {
    const words = text.split(',').map((word) => word.trim());
    const values = words.map((word) => (word === '' ? Number.NaN : Number(word)));
    const positive = option !== '--std' || values.every((value) => value > 0);
    if (values.every(Number.isFinite) && positive) {
      if (values.length === 1) return [values[0], values[0], values[0]];
      if (values.length === 3) return [values[0], values[1], values[2]];
    }
    const kind = option === '--std' ? 'positive numbers' : 'numbers';
    throw new UserError(
      `${option}: expected one or three ${kind} such as 0.485,0.456,0.406, found "${text}"`,
    );
  };
}

function inputSize(text: string): { width: number; height: number } {
  const match = /^([1-9]\d*)(?:x([1-9]\d*))?$/.exec(text);
  if (!match) {
    throw new UserError(
      `--input-size: expected pixels such as 224, or width x height such as 320x240, found "${text}"`,
    );
  }
  return { width: Number(match[1]), height: Number(match[2] ?? match[1]) };
}
