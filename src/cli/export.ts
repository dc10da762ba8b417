/** `pushpull export`: an ONNX file from a run's checkpoint, or from weights of another origin. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { writeFileAtomic } from '../data/files.ts';
import { UserError } from '../errors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { CARD_SCHEMA, type ModelCard } from '../models/card.ts';
import { type ModelConfig, variantName } from '../models/config.ts';
import { exportModel } from '../models/export.ts';
import { createModel, type ImageModel } from '../models/registry.ts';
import { checkTensors, loadCheckpoint } from '../train/checkpoint.ts';
import { PRESETS } from '../train/config.ts';
import { howTrained } from '../train/history.ts';
import { cardOfRun } from '../train/network.ts';
import { openRun } from '../train/run.ts';
import { readWeights } from '../train/weights.ts';
import { choice, integer, triple } from './options.ts';
import { facts, thousands } from './progress.ts';
import { addStemOptions, type StemFlags, toStem } from './stem.ts';

const EXAMPLES = `
Examples:
  The network of a run, as its last checkpoint has it:
    $ pushpull export runs/pushpull --out pushpull.onnx

  Weights from PyTorch (torchvision's names, or those of the reference implementation), saved there with
  safetensors.torch.save_file(network.state_dict(), 'weights.safetensors'):
    $ pushpull export --model resnet18 --form imagenet --classes 1000 --stem conv \\
        --weights weights.safetensors --out resnet18.onnx
    $ pushpull export --model resnet18 --form cifar --width 64 --classes 10 --stem pushpull --avg 3 \\
        --weights weights.safetensors --class-names names.txt --out pushpull.onnx

The file is ordinary ONNX: input images [N, 3, H, W], output logits [N, classes]. What the images must go
through is stored in it, and \`pushpull evaluate\` reads it there.
`;

interface Flags extends StemFlags {
  out: string;
  model?: string;
  form: 'cifar' | 'imagenet';
  width: number;
  classes?: number;
  weights?: string;
  classNames?: string;
  mean?: [number, number, number];
  std?: [number, number, number];
}

interface Deployable {
  readonly model: ImageModel;
  readonly weights: Map<string, Tensor>;
  readonly card: ModelCard;
}

export function register(program: Command): void {
  const network = program
    .command('export')
    .summary('write a network as an ONNX file')
    .description('Write the network of a run, or one with given weights, as an ONNX file for any runtime.')
    .argument('[run]', 'folder of a run')
    .requiredOption('--out <file>', 'the ONNX file to write')
    .optionsGroup('Without a run:')
    .option('--model <name>', 'see `pushpull models`')
    .option(
      '--form <form>',
      'cifar (32×32 images) or imagenet (224×224)',
      choice('--form', ['cifar', 'imagenet'] as const),
      'cifar',
    )
    .option('--width <n>', 'channels of the first stage', integer('--width', 1), 64)
    .option('--classes <n>', 'number of classes', integer('--classes', 2));
  addStemOptions(network)
    .option('--weights <file>', 'safetensors file')
    .option('--class-names <file>', 'text file with the name of a class in each line')
    .option(
      '--mean <r,g,b>',
      "of the training images' values in [0, 1] (default: as the form's data set)",
      triple('--mean'),
    )
    .option('--std <r,g,b>', 'their standard deviation', triple('--std'))
    .addHelpText('after', EXAMPLES)
    .action(async (run: string | undefined, flags: Flags) => {
      const { model, weights, card } =
        run === undefined ? await fromWeights(flags) : await fromRun(run, flags);
      const bytes = exportModel(model, weights, card);
      await writeFileAtomic(flags.out, bytes);
      const { width, height } = card.preprocessing;
      facts([
        ['model', `${card.model.name} ${card.model.form}, width ${card.model.width}, ${card.model.variant}`],
        ['parameters', thousands(card.model.parameters)],
        ['input', `images [N, 3, ${height}, ${width}], output logits [N, ${card.model.classes}]`],
        ['size', `${(bytes.length / 1e6).toFixed(1)} MB`],
      ]);
      console.log(`model: ${flags.out}`);
    });
}

async function fromRun(path: string, flags: Flags): Promise<Deployable> {
  if (flags.model !== undefined || flags.weights !== undefined) {
    throw new UserError(`export: give a run (${path}), or --model with --weights, not both`);
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
  return { model, weights, card: cardOfRun(config, model, training) };
}

async function fromWeights(flags: Flags): Promise<Deployable> {
  const { model: name, weights: file, classes, form, width } = flags;
  if (name === undefined || file === undefined || classes === undefined) {
    throw new UserError('export: give the folder of a run, or all of --model, --classes and --weights');
  }
  const config: ModelConfig = { model: name, form, width, classes, stem: toStem(flags) };
  const model = createModel(config, 0);
  const weights = await readWeights(file, model.parameters);
  const preset = PRESETS[form === 'cifar' ? 'cifar10' : 'imagenet'];
  const card: ModelCard = {
    schema: CARD_SCHEMA,
    model: { ...config, name, variant: variantName(config), parameters: model.parameterCount },
    classes: await readClassNames(flags.classNames, classes),
    preprocessing: {
      width: model.inputSize,
      height: model.inputSize,
      layout: 'NCHW',
      dtype: 'float32',
      mean: flags.mean ?? preset.mean,
      std: flags.std ?? preset.std,
      resize: preset.size === 'image' ? null : preset.size,
    },
  };
  return { model, weights, card };
}

/** One name a line; numbers when there is no file. */
async function readClassNames(file: string | undefined, classes: number): Promise<string[]> {
  if (file === undefined) return Array.from({ length: classes }, (_, index) => String(index));
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new UserError(`--class-names ${file}: cannot be read (${error.message})`);
  });
  const names = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (names.length === classes) return names;
  throw new UserError(
    `--class-names ${file}: expected ${classes} lines, one for each class, found ${names.length}`,
  );
}
