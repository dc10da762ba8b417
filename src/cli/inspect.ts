/** `pushpull inspect`: the paper's figures about a network's first layer, and about results. */

import path from 'node:path';
import type { Command } from 'commander';
import type { InspectionSummary } from '../analyze/inspection.ts';
import { UserError } from '../errors.ts';
import { folderLock, withLock } from '../files/lock.ts';
import { decimals, plural } from '../words.ts';
import { addDataOptions, type DataFlags, toDataSpec } from './shared/data-options.ts';
import { note } from './shared/lines.ts';
import { choice, integer, list, poolingSize, triple } from './shared/options.ts';

const EXAMPLES = `
Examples:
  Figures 3 to 6 of a run: push and pull kernels, a noisy edge and its signal-to-noise ratio, Fourier magnitudes, alpha:
    $ pushpull inspect runs/pushpull --out figures

  Any other network that begins with a convolution: what push-pull would do to its filters. Figure 9, one image under
  all corruptions, comes with an image or a data set:
    $ pushpull inspect resnet50.onnx --image photo.jpg --alpha .5,1,2 --avg 0,3 --out figures

  Figure 5 alone, as SVG, of two networks, each in a folder of its own:
    $ pushpull inspect runs/plain runs/pushpull --figures 5 --format svg --out figures

  Figures 7 and 8 and accuracy against severity, from results; the seeds of a network are one mark with bars:
    $ pushpull inspect --results runs/*/result.json --out figures

The numbers behind figures 3 to 6 are in inspect.json: alpha, gain at frequency 0 and spectral energy of each filter,
signal-to-noise ratios, and what was taken for granted. Weights come from a run's last checkpoint, else from the ONNX
file. mCE in figures 7 and 8 is the absolute one (Eq. 9).
`;

interface InspectFlags extends DataFlags {
  readonly out: string;
  readonly results?: readonly string[];
  readonly baseline?: string;
  readonly image?: string;
  readonly data?: string;
  readonly alpha?: readonly number[];
  readonly avg?: readonly number[];
  readonly figures?: readonly string[];
  readonly format?: readonly ('svg' | 'png')[];
  readonly allFilters?: boolean;
  readonly mean?: readonly [number, number, number];
  readonly std?: readonly [number, number, number];
  readonly set?: 'cifar' | 'imagenet';
  readonly seed: number;
  readonly cache?: string;
}

export function register(program: Command): void {
  const command = program
    .command('inspect')
    .summary('figures of a first layer: kernels, edges, spectra, alpha')
    .description(
      "Draw the paper's figures about the first layer of runs or ONNX models, or about results, as SVG and PNG.",
    )
    .argument('[model...]', 'ONNX files or folders of runs')
    .requiredOption('--out <dir>', 'folder for the figures and inspect.json')
    .option('--figures <list>', 'which of 3, 4, 5, 6 and 9 (default: all that apply)', list(figureNumber))
    .option('--alpha <list>', 'strengths of the grid (default: 0.5,1,2,3,4,5,6)', list(strength))
    .option('--avg <list>', 'poolings of the grid, 0 for none (default: 0,3,5)', list(poolingSize))
    .option('--format <list>', 'svg, png (default: both)', list(choice('--format', ['svg', 'png'] as const)))
    .option('--all-filters', 'figure 3: every filter of a layer with more than 64')
    .optionsGroup('Figure 9:')
    .option('--image <file>', 'the image to corrupt')
    .option('--data <data>', 'or a data set, of whose test images one is taken');
  addDataOptions(command)
    .option(
      '--set <name>',
      'strengths of cifar or imagenet (default: by the size of the image)',
      choice('--set', ['cifar', 'imagenet'] as const),
    )
    .option('--seed <n>', 'of the corruptions', integer('--seed', 0), 0)
    .option('--cache <dir>', 'where downloaded data sets are kept')
    .optionsGroup('How images are normalised (figure 4; in place of what the model says):')
    .option('--mean <r,g,b>', 'mean of each channel, of values in [0, 1]', triple('--mean'))
    .option('--std <r,g,b>', 'standard deviation of each channel', triple('--std'))
    .optionsGroup('Figures 7 and 8, and accuracy against severity:')
    .option('--results <file...>', 'result files that `pushpull evaluate` wrote')
    .option('--baseline <file>', 'result to compare with (default: the plain network of each network)')
    .addHelpText('after', EXAMPLES)
    .action(async (models: string[], flags: InspectFlags) =>
      withLock(folderLock(flags.out), () => run(models, flags)),
    );
}

function figureNumber(text: string): string {
  if (['3', '4', '5', '6', '9'].includes(text)) return text;
  const results = ['7', '8'].includes(text) ? `; figure ${text} is made of results: --results FILE…` : '';
  throw new UserError(`--figures: expected 3, 4, 5, 6 or 9, with commas, found "${text}"${results}`);
}

function strength(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new UserError(`--alpha: expected numbers with commas such as .5,1,2, found "${text}"`);
}

async function run(models: readonly string[], flags: InspectFlags): Promise<void> {
  if (models.length === 0 && !flags.results) {
    throw new UserError(
      'inspect: expected an ONNX file, the folder of a run, or --results FILE…, found none of them',
    );
  }
  if (flags.baseline !== undefined && !flags.results) {
    throw new UserError('--baseline: is for figures of results; pass --results FILE… with it');
  }
  if (flags.image !== undefined && flags.data !== undefined) {
    throw new UserError('--image and --data both give the image of figure 9; pass one of them');
  }
  // Vega and its charts take half a second to load, which no other command should pay.
  const { inspectModel } = await import('../report/paper/inspect.ts');
  const { MODEL_FIGURES } = await import('../report/paper/figure.tsx');
  const folders = foldersFor(models, flags.out);
  for (const [index, model] of models.entries()) {
    const outcome = await inspectModel(model, {
      out: folders[index],
      figures: flags.figures && MODEL_FIGURES.filter((figure) => flags.figures!.includes(String(figure))),
      formats: flags.format,
      alphas: flags.alpha && [...new Set(flags.alpha)],
      pools: flags.avg && [...new Set(flags.avg)],
      allFilters: flags.allFilters,
      normalization: { ...(flags.mean && { mean: flags.mean }), ...(flags.std && { std: flags.std }) },
      ...{
        image: flags.image,
        data: flags.data && toDataSpec(flags.data, flags),
        set: flags.set,
        seed: flags.seed,
        cacheDir: flags.cache,
      },
    });
    printSummary(outcome.summary);
    for (const text of outcome.notes) note(text);
    printFiles(outcome.files, folders[index]);
  }
  if (flags.results) await compareResults(flags.results, flags);
}

/** The folder itself for one model; for several one a model inside it, named like the model. */
function foldersFor(models: readonly string[], out: string): string[] {
  if (models.length === 1) return [out];
  const taken = new Map<string, number>();
  return models.map((model) => {
    const name = path.basename(path.resolve(model)).replace(/\.onnx$/i, '');
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    return path.join(out, count === 1 ? name : `${name}-${count}`);
  });
}

async function compareResults(files: readonly string[], flags: InspectFlags): Promise<void> {
  const { readResult } = await import('../evaluate/result/result.ts');
  const { writeComparisonFigures } = await import('../report/paper/comparison.ts');
  const baseline = flags.baseline === undefined ? undefined : await readResult(flags.baseline);
  const results = [];
  for (const file of new Set(files)) {
    if (file !== flags.baseline) results.push(await readResult(file));
  }
  const outcome = await writeComparisonFigures(baseline ? [baseline, ...results] : results, {
    out: flags.out,
    formats: flags.format,
    ...(baseline && { baselines: [baseline] }),
  });
  for (const text of outcome.notes) note(text);
  printFiles(outcome.files, flags.out);
}

function printFiles(files: readonly string[], folder: string): void {
  console.log(`figures: ${plural(files.length, 'file')} in ${folder}`);
}

function printSummary({ model, layer, pushPull, spectrum, edge, assumptions }: InspectionSummary): void {
  const [filters, channels, height, width] = layer.kernels;
  const share = ({ low, mid, high }: { low: number; mid: number; high: number }) =>
    `low ${percent(low)}, mid ${percent(mid)}, high ${percent(high)}`;
  const { alpha, avg } = pushPull;
  const strengths = typeof alpha === 'number' ? [alpha] : alpha;
  const same = strengths.every((value) => value === strengths[0]);
  const mean = strengths.reduce((sum, value) => sum + value, 0) / strengths.length;
  const inhibition =
    `${same ? `alpha ${short(mean)}` : `alpha ${short(Math.min(...strengths))} to ${short(Math.max(...strengths))}, mean ${short(mean)}`}, ` +
    `${avg > 1 ? `avg${avg}` : 'no pooling'}`;
  const lines: [string, string][] = [
    ['model', model.label],
    [
      'layer',
      `${layer.name}, ${layer.kind}, ${plural(filters, 'filter')} ${channels}×${height}×${width}, stride ${[...new Set(layer.stride)].join('×')}`,
    ],
    [pushPull.of === 'assumed' ? 'assumed' : 'push-pull', inhibition],
    ['energy', `push       ${share(spectrum.energy.push)}`],
    ['', `pull       ${share(spectrum.energy.pull)}`],
    ['', `push-pull  ${share(spectrum.energy.pushPull)}`],
    [
      'edge SNR',
      `filter ${edge.strongestFilter}: push ${decibels(edge.push.strongest)}, push-pull ${decibels(edge.pushPull.strongest)}`,
    ],
    [
      '',
      `all filters: push ${decibels(edge.push.allFilters)}, push-pull ${decibels(edge.pushPull.allFilters)}`,
    ],
  ];
  for (const [name, value] of lines) console.log(`${name.padEnd(11)}${value}`.trimEnd());
  for (const assumption of assumptions) note(assumption);
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;
const short = (value: number): string => String(Number(value.toPrecision(2)));

function decibels({ snr, signal }: { readonly snr: number | null; readonly signal: number }): string {
  if (snr !== null) return `${decimals(snr, 1)} dB`;
  return signal > 0 ? 'no background' : 'no response';
}
