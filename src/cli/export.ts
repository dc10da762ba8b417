/** `pushpull export`: an ONNX or safetensors file from a run's checkpoint, or from weights of another origin. */

import { join } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../errors.ts';
import { writeFileAtomic } from '../files/files.ts';
import { readFile } from '../files/fs.ts';
import { fileLock, folderLock, withLock } from '../files/lock.ts';
import type { Tensor } from '../graph/tensor.ts';
import { CARD_SCHEMA, type ModelCard, type Preprocessing } from '../models/card.ts';
import { type Form, variantName } from '../models/config.ts';
import { exportModel, INPUT_NAME, OUTPUT_NAME } from '../models/export.ts';
import { PIXEL_VALUES } from '../models/huggingface.ts';
import { createModel, type ImageModel } from '../models/registry.ts';
import { OPSET } from '../onnx/lower/index.ts';
import { checkTensors, loadCheckpoint } from '../run/checkpoint.ts';
import { PRESETS } from '../run/config.ts';
import { howTrained } from '../run/history.ts';
import { openRun } from '../run/run.ts';
import { problemOf } from '../system-errors.ts';
import { cardOfRun } from '../train/step/network.ts';
import { loadWeights } from '../weights/load.ts';
import { encodeWeights } from '../weights/save.ts';
import { settleNetwork } from '../weights/settle.ts';
import { openWeights, type WeightsSource } from '../weights/source.ts';
import { testedSize } from '../weights/tested.ts';
import { decimals, thousands } from '../words.ts';
import { checkHuggingFaceFolder, huggingFaceFiles, MODEL_FILE } from './export/huggingface.ts';
import { facts } from './shared/lines.ts';
import { choice, integer, triple } from './shared/options.ts';
import { addStemOptions, askedStem, type StemFlags, toBatchNorm } from './shared/stem.ts';

const EXAMPLES = `
Examples:
  The network of a run, as its last checkpoint has it, for any ONNX runtime or for PyTorch:
    $ pushpull export runs/pushpull --out pushpull.onnx
    $ pushpull export runs/plain --out plain.safetensors

  Weights that PyTorch saved, with the names of torchvision, timm, HuggingFace's transformers, mmpretrain,
  pytorch-cifar, antialiased-cnns, EfficientNet-PyTorch or the reference implementation of push-pull:
    $ pushpull export --weights resnet50.pth --out resnet50.onnx
    $ pushpull export --weights last.ckpt --model resnet18 --stem pushpull --avg 3 \\
        --class-names names.txt --out pushpull.onnx

  A folder for transformers.js and for Python's optimum, to keep or to upload to Hugging Face:
    $ pushpull export runs/pushpull --to huggingface --out pushpull-cifar10

  A file of the second kind above knows its own network:
    $ pushpull export --weights plain.safetensors --out plain.onnx

ONNX: input images [N, 3, H, W], output logits [N, classes]; what the images must go through is stored in it, and
\`pushpull evaluate\` reads it there, and in the folder too. The folder: config.json with the names of the classes,
preprocessor_config.json, onnx/model.onnx with the input pixel_values, and README.md, a model card, which has the errors of
the run's result.json where it is of this network. Safetensors: torchvision's names, and the same description as metadata.
`;

interface Flags extends StemFlags {
  out: string;
  to?: Destination;
  model?: string;
  form?: Form;
  width?: number;
  classes?: number;
  weights?: string;
  classNames?: string;
  resize?: number;
  mean?: [number, number, number];
  std?: [number, number, number];
}

interface Deployable {
  readonly model: ImageModel;
  readonly weights: Map<string, Tensor>;
  readonly card: ModelCard;
  readonly notes: readonly string[];
}

const FORMATS = ['.onnx', '.safetensors'] as const;
const DESTINATIONS = ['file', 'huggingface'] as const;
type Destination = (typeof DESTINATIONS)[number];

export function register(program: Command): void {
  const network = program
    .command('export')
    .summary('write a network as an ONNX or safetensors file')
    .description(
      'Write the network of a run, or one with given weights, as ONNX for any runtime or as safetensors for PyTorch.',
    )
    .argument('[run]', 'folder of a run')
    .requiredOption(
      '--out <path>',
      `the file to write, ${FORMATS.join(' or ')}; the folder, with --to huggingface`,
    )
    .option(
      '--to <kind>',
      "file, or huggingface: a folder for transformers.js and Python's optimum (default: file)",
      choice('--to', DESTINATIONS),
    )
    .optionsGroup('Without a run (what is left out comes from the weights, as far as they tell):')
    .option('--weights <file>', "safetensors, or PyTorch's .pth, .pt or .ckpt")
    .option('--model <name>', 'see `pushpull models`')
    .option(
      '--form <form>',
      'cifar (32×32 images) or imagenet (224×224)',
      choice('--form', ['cifar', 'imagenet'] as const),
    )
    .option('--width <n>', 'channels of the first stage', integer('--width', 1))
    .option('--classes <n>', 'number of classes', integer('--classes', 2));
  addStemOptions(network)
    .option('--class-names <file>', 'text file with the name of a class in each line')
    .option(
      '--resize <n>',
      'short side of the images before the centre crop (default: as the makers of the weights tested them)',
      integer('--resize', 1),
    )
    .option(
      '--mean <r,g,b>',
      "of the training images' values in [0, 1] (default: as the form's data set)",
      triple('--mean'),
    )
    .option('--std <r,g,b>', 'their standard deviation', triple('--std'))
    .addHelpText('after', EXAMPLES)
    .action(async (run: string | undefined, flags: Flags) => {
      if (flags.to === 'huggingface') return await toHuggingFace(run, flags);
      const format = FORMATS.find((ending) => flags.out.endsWith(ending));
      if (format === undefined) {
        throw new UserError(`--out ${flags.out}: expected a file name that ends in ${FORMATS.join(' or ')}`);
      }
      const { model, weights, card, notes } =
        run === undefined ? await fromWeights(flags) : await fromRun(run, flags);
      const file =
        format === '.onnx'
          ? { bytes: exportModel(model, weights, card), notes: [] }
          : encodeWeights(model, weights, card);
      await withLock(fileLock(flags.out), () => writeFileAtomic(flags.out, file.bytes));
      facts(describe(card, format, file.bytes.length, [...notes, ...file.notes]));
      console.log(`${format === '.onnx' ? 'model' : 'weights'}: ${flags.out}`);
    });
}

async function toHuggingFace(run: string | undefined, flags: Flags): Promise<void> {
  await checkHuggingFaceFolder(flags.out);
  const { model, weights, card, notes } =
    run === undefined ? await fromWeights(flags) : await fromRun(run, flags);
  const files = await huggingFaceFiles({ model, weights, card }, flags.out, run);
  await withLock(folderLock(flags.out), async () => {
    for (const [name, content] of files) await writeFileAtomic(join(flags.out, name), content);
  });
  facts(describe(card, 'huggingface', files.get(MODEL_FILE)!.length, notes));
  console.log(`folder: ${flags.out}`);
}

type Facts = [name: string, value: string][];

function describe(card: ModelCard, format: string, bytes: number, notes: readonly string[]): Facts {
  const { model, classes, preprocessing, training } = card;
  const { width, height, mean, std, resize } = preprocessing;
  const images = [
    resize === null ? `${width}×${height}` : `short side to ${resize}, ${width}×${height} from the centre`,
    `mean ${mean.join(', ')}, std ${std.join(', ')}`,
  ];
  const [first, last] = [classes[0], classes.at(-1)];
  const named =
    classes.length > 0
      ? `${classes.length}: ${first} to ${last}`
      : `${thousands(model.classes)}, whose names are not known (--class-names FILE writes them into the file)`;
  return [
    ['model', `${model.name} ${model.form}, width ${model.width}, ${model.variant}`],
    ['parameters', thousands(model.parameters)],
    ...notes.map((note, i): Facts[number] => [i === 0 ? 'weights' : '', note]),
    format !== '.safetensors'
      ? [
          'format',
          `ONNX, opset ${OPSET}: ${format === '.onnx' ? INPUT_NAME : PIXEL_VALUES} [N, 3, ${height}, ${width}] to ${OUTPUT_NAME} [N, ${model.classes}], N is free`,
        ]
      : ['format', "safetensors with torchvision's names"],
    ['images', images.join('; ')],
    ['classes', named],
    ['trained', training === undefined ? 'elsewhere' : 'as the metadata says'],
    ['size', `${decimals(bytes / 1e6, 1)} MB`],
  ];
}

async function fromRun(path: string, flags: Flags): Promise<Deployable> {
  if (flags.model !== undefined || flags.weights !== undefined) {
    throw new UserError(`export: give a run (${path}), or --weights, not both`);
  }
  const { config, log, checkpoint } = await openRun(path);
  if (checkpoint === undefined) {
    throw new UserError(
      `${path}: the run has no checkpoint yet; train it first with 'pushpull train --out ${path}'`,
    );
  }
  const model = createModel(config.model, config.seed);
  const { weights, state } = await loadCheckpoint(checkpoint);
  checkTensors(model.parameters, weights, `${checkpoint}/weights.safetensors`);
  const training = howTrained(config, state.position.step, log);
  return { model, weights, card: cardOfRun(config, model, training), notes: [] };
}

async function fromWeights(flags: Flags): Promise<Deployable> {
  const { weights: file, model: name, form, width, classes, antialias, stemBias } = flags;
  if (file === undefined) throw new UserError('export: give the folder of a run, or --weights FILE');
  const source = await openWeights(file);
  const asked = {
    model: name,
    form,
    width,
    classes,
    stem: askedStem(flags),
    antialias,
    stemBias,
    batchNorm: toBatchNorm(flags),
  };
  const { config, notes } = settleNetwork(source, asked);
  const model = createModel(config, 0);
  const { weights, notes: adapted } = loadWeights(source, model);
  const images = preprocessingOf(model, flags, source);
  const card: ModelCard = {
    schema: CARD_SCHEMA,
    model: { ...config, name: config.model, variant: variantName(config), parameters: model.parameterCount },
    classes: await classNames(flags, config.classes, source),
    preprocessing: images.preprocessing,
    training: source.card?.training,
  };
  return { model, weights, card, notes: [...adapted, ...notes, ...images.notes] };
}

/** As the file says, else as its makers tested it; options come first. */
function preprocessingOf(
  model: ImageModel,
  { mean, std, resize }: Flags,
  source: WeightsSource,
): { preprocessing: Preprocessing; notes: string[] } {
  const { card } = source;
  const preset = PRESETS[model.config.form === 'cifar' ? 'cifar10' : 'imagenet'];
  const usual: Preprocessing = {
    width: model.inputSize,
    height: model.inputSize,
    layout: 'NCHW',
    dtype: 'float32',
    mean: preset.mean,
    std: preset.std,
    resize: preset.size === 'image' ? null : preset.size,
  };
  if (resize !== undefined && resize < model.inputSize) {
    throw new UserError(
      `--resize ${resize}: expected at least the ${model.inputSize} pixels that the network takes; the centre is cut out of it`,
    );
  }
  const own = card?.config.form === model.config.form ? card.preprocessing : undefined;
  const tested = own || model.config.form === 'cifar' ? undefined : testedSize(source);
  const stored = own ?? { ...usual, resize: tested?.resize ?? usual.resize };
  const preprocessing = {
    ...stored,
    mean: mean ?? stored.mean,
    std: std ?? stored.std,
    resize: resize ?? stored.resize,
    ...(tested?.interpolation === 'bicubic' && { resample: 'bicubic' as const }),
  };
  if (!tested || resize !== undefined) return { preprocessing, notes: [] };
  const { known, of, interpolation } = tested;
  const how = interpolation === 'bicubic' ? ` (${interpolation})` : '';
  return {
    preprocessing,
    notes: [
      known
        ? `weights of ${of}, tested with the short side at ${tested.resize}${how}`
        : `assumed: tested with the short side at ${tested.resize}${how}, as is usual for names of ${of}; --resize decides otherwise`,
    ],
  };
}

/** One name a line; those that the weights bring; none when there are neither, as numbers would pass for names. */
async function classNames(
  { classNames: file }: Flags,
  classes: number,
  { card }: WeightsSource,
): Promise<string[]> {
  if (file === undefined) {
    const known = card?.classes.length === classes ? card.classes : [];
    // What earlier versions wrote where nobody gave names.
    return known.length > 10 && known.every((name, index) => name === String(index)) ? [] : [...known];
  }
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`--class-names ${file}: cannot be read (${problemOf(error)})`);
  });
  const names = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (names.length === classes) return names;
  throw new UserError(
    `--class-names ${file}: expected ${classes} lines, one for each class, found ${names.length}`,
  );
}
