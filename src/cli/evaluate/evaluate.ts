/** `pushpull evaluate`: clean error and the corruption grid of a model on the command line. */
import path from 'node:path';
import type { Command } from 'commander';
import { PARAMETER_SETS, type ParameterSet } from '../../corrupt/index.ts';
import type { BadLimit } from '../../data/bad-images.ts';
import { parseCorruptedSpec } from '../../data/corrupted/spec.ts';
import { UserError } from '../../errors.ts';
import { evaluate } from '../../evaluate/evaluate.ts';
import { parseCorruptions, parseSeverities } from '../../evaluate/grid/grid.ts';
import type { AskedLimits } from '../../evaluate/model/model-demands.ts';
import type { PreprocessingFlags } from '../../evaluate/model/preprocessing.ts';
import type { EvaluateOptions } from '../../evaluate/options.ts';
import { previewModel } from '../../evaluate/subject.ts';
import { isOwnRun } from '../../run/run.ts';
import { addSkipBadOptions, checkMaxBad } from '../shared/bad-images.ts';
import { addClassOptions, type ClassFlags, toClassSelection } from '../shared/class-options.ts';
import { addDataOptions, type DataFlags, toDataSpec } from '../shared/data-options.ts';
import { addEngineOptions, type EngineFlags, toEngine } from '../shared/engine-options.ts';
import { addModelLimits, toLimits } from '../shared/model-limits.ts';
import { addFrostOption, choice, integer } from '../shared/options.ts';
import { addPreprocessingOptions, toPreprocessing } from '../shared/preprocessing.ts';
import { INTERRUPTED, interruptible } from '../shared/progress.ts';
import { EvaluationDisplay } from './display.ts';
import { printPreview } from './model-reading.ts';
import { resultTable } from './table.ts';

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

  How it would be read, without measuring: input, scores, which output is which class, and a few answers. Here of a
  model of ImageNet's 1,000 classes on the folders of some of them, and of one whose classes a file names:
    $ pushpull evaluate resnet50.onnx --data ~/some-of-imagenet --resize 256 --mean 0.485,0.456,0.406 \\
        --std 0.229,0.224,0.225 --dry-run
    $ pushpull evaluate pets.onnx --data ~/pets --labels pets.txt --mean 0.5 --std 0.5 --dry-run

  Caffe's way: blue first, plain pixel values less their mean, one of several outputs:
    $ pushpull evaluate caffenet.onnx --data ~/imagenet --resize 256 --channels bgr --scale 0-255 \\
        --mean 104,117,123 --std 1 --output prob --scores probabilities

  The published corrupted images, in a folder or in CIFAR-10-C.tar, which is read in place:
    $ pushpull evaluate runs/plain --data cifar10-c:CIFAR-10-C.tar --clean cifar10

  ImageNet-C, in its folders or as noise.tar, blur.tar, weather.tar and digital.tar in one folder; of a model of
  fewer classes only these. The clean images are cropped as the corrupted ones were:
    $ pushpull evaluate runs/imagenet100 --data imagenet-c:$HOME/imagenet-c --clean ~/imagenet --resize 256

  A network of 100 ImageNet classes on all of ImageNet (or on its archives): its card says which classes are meant
    $ pushpull evaluate runs/imagenet100 --data imagenet:/data/ILSVRC2012

  A run on the libtorch of an installed PyTorch; ONNX files are run by ONNX Runtime:
    $ pushpull evaluate runs/plain --data cifar10 --engine torch --precision bfloat16

  Pictures that cannot be read end an evaluation, unless they are to be left out; still it stops at more than 20:
    $ pushpull evaluate runs/plain --data ~/pictures --skip-bad --max-bad 20

Corruptions: all is the benchmark's 15. Groups: noise, blur, weather, digital, and extra (speckle_noise,
gaussian_blur, spatter, saturate). none measures the clean error alone. Without the option, of a corrupted
set also those of extra that it holds.

Any classifier of images will do: NCHW or NHWC, floats or whole numbers, logits or probabilities, a fixed batch
or a free one. HuggingFace's preprocessor_config.json or timm's config.json beside it is read. Outputs stand for
classes by name: those of --labels, else those that the file (or HuggingFace's config.json beside it) tells. Without
names, 1,000 outputs on folders of WordNet ids stand in ImageNet's order, and as many outputs as classes in the data's;
that is told as an assumption, and tried on some images: another order, blue first or another range of values is taken
where it alone can be meant, and told; --class-order, --channels and --scale say it once and for all. Of a model that knows more classes than the data has, the answer is the likeliest of
the data's.

A corrupted set is taken as it is: its images are normalised, never resized or cropped. Its clean error
needs --clean; without, it is left out, and so is what follows from it.

Beside the result lies NAME.predictions.safetensors with the model's answer to every image, from which intervals,
paired tests and lists of the worst images come: --no-predictions leaves it out (4 to 8 bytes an image and cell).

Ctrl-C stops after the batch at hand. The same command continues where it was stopped.
`;

interface Flags extends PreprocessingFlags, ClassFlags, EngineFlags, AskedLimits, DataFlags {
  data: string;
  clean?: string;
  corruptions?: string;
  severities: string;
  limit?: number;
  baseline?: string;
  out?: string;
  predictions?: boolean;
  set?: ParameterSet;
  seed: number;
  batch: number;
  workers?: number;
  cache?: string;
  frostDir?: string;
  skipBad?: boolean;
  maxBad?: BadLimit;
  dryRun?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('evaluate')
    .summary('measure a model on clean and corrupted images')
    .description(
      'Measure any ONNX image classifier, or the model of a run, on clean images and under 15 corruptions at 5 severities.',
    )
    .argument('<model>', 'MODEL.onnx, the folder of a run, or a folder with model.onnx or onnx/model.onnx')
    .requiredOption(
      '--data <data>',
      'cifar10, mnist, imagenet:PATH, the path of an image folder, of an archive or a table of one, npy:IMAGES.npy,LABELS.npy, or a corrupted set: cifar10-c:PATH, cifar100-c:PATH, imagenet-c:PATH',
    )
    .option('--clean <data>', 'clean images to measure beside a corrupted set')
    .option('--corruptions <list>', 'all, none, or names and groups separated by commas (default: all)')
    .option('--severities <list>', 'all, or numbers and ranges from 1 to 5: 1,3,5 or 2-4', 'all')
    .option('--limit <n>', 'measure a seeded selection of n images', integer('--limit', 1))
    .option('--baseline <file>', 'result of the network to compare with')
    .option('--out <file>', 'result file (default: result.json in the run, or MODEL.result.json here)')
    .option(
      '--predictions',
      'measure cells again that were measured without keeping the answer to each image (kept by default)',
    )
    .option('--no-predictions', 'do not write NAME.predictions.safetensors beside the result')
    .option(
      '--set <name>',
      'strengths of the corruptions: cifar or imagenet (default: by image size)',
      choice('--set', PARAMETER_SETS),
    )
    .option('--seed <n>', 'seed of the selection and the corruptions', integer('--seed', 0), 0)
    .option('--batch <n>', 'images a batch', integer('--batch', 1), 64);
  addModelLimits(addEngineOptions(command))
    .option(
      '--workers <n>',
      'threads that decode and corrupt images (default: one a core)',
      integer('--workers', 1),
    )
    .option('--cache <dir>', 'where downloaded data sets are kept');
  addSkipBadOptions(command, 'beside the result').option(
    '--dry-run',
    'tell how the model is understood and what it says of a few images; measure nothing',
  );
  addPreprocessingOptions(addFrostOption(addClassOptions(addDataOptions(command))))
    .addHelpText('after', EXAMPLES)
    .action(async (model: string, flags: Flags) => run(model, flags));
}

async function run(model: string, flags: Flags): Promise<void> {
  checkMaxBad(flags);
  if (flags.dryRun) return printPreview(await previewModel(toOptions(model, flags)));
  const inRun = await isOwnRun(model);
  const out =
    flags.out ??
    (inRun ? path.join(model, 'result.json') : `${path.parse(path.resolve(model)).name}.result.json`);
  const display = new EvaluationDisplay(out);
  const options = toOptions(model, flags);
  let stopped = false;
  const work = (signal: AbortSignal) => evaluate({ ...options, out, signal, onEvent: display.event });
  try {
    const result = await interruptible(work, () => {
      stopped = true;
      display.stopping();
    });
    display.close();
    console.log(resultTable(result));
    display.conclude();
    console.log(`\nresult: ${out}`);
  } catch (error) {
    display.close();
    if (!stopped || error instanceof UserError) throw error;
    display.stopped();
    process.exitCode = INTERRUPTED;
  }
}

function toOptions(model: string, flags: Flags): EvaluateOptions {
  const { data, clean, corruptions, baseline, predictions, set, limit, seed, workers, skipBad } = flags;
  const isSet = parseCorruptedSpec(data) !== undefined;
  return {
    model,
    // Of a corrupted set the clean images beside it have labels of their own.
    data: isSet ? data : toDataSpec(data, flags),
    clean: isSet && clean !== undefined ? toDataSpec(clean, flags) : clean,
    classes: toClassSelection(flags),
    baseline,
    predictions,
    corruptions: corruptions === undefined ? undefined : parseCorruptions(corruptions),
    severities: parseSeverities(flags.severities),
    set,
    limit,
    seed,
    batchSize: flags.batch,
    ...toEngine(flags),
    ...toLimits(flags),
    workers,
    cacheDir: flags.cache,
    frostDir: flags.frostDir,
    skipBad,
    maxBad: flags.maxBad,
    preprocessing: toPreprocessing(flags),
  };
}
