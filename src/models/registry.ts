import { checkLimits } from '../engine/limits.ts';
import { UserError } from '../errors.ts';
import { initialWeights, type Module, type Parameter, type Weights } from '../nn/index.ts';
import { AlexNet } from './alexnet.ts';
import type { Antialias, BatchNormConfig, Form, ModelConfig } from './config.ts';
import { EFFICIENTNET_BATCH_NORM, EfficientNet } from './efficientnet.ts';
import { ResNet, type ResNetOptions } from './resnet.ts';
import { type StemFactory, stemFactory } from './stem.ts';

/** A network by name: what it is, what can be varied, and how it is built. */
export interface ModelEntry {
  readonly name: string;
  readonly description: string;
  /** The forms that it exists in; the first is the one of its publication. */
  readonly forms: readonly Form[];
  /** Channels of the first stage as published. */
  readonly width: number;
  readonly antialias: readonly Antialias[];
  /** Where the first layer and the classifier are in the tree: `conv1`, `fc`. */
  readonly stemPath: string;
  readonly classifierPath: string;
  /** Whether the first layer has a bias when the configuration does not say. */
  readonly stemBias: (config: ModelConfig) => boolean;
  /** Constants of its batch norms as published; undefined where it has none. */
  readonly batchNorm: BatchNormConfig | undefined;
  readonly build: (config: ModelConfig, stem: StemFactory) => Module;
}

/** A network with its first weights. */
export interface ImageModel {
  readonly config: ModelConfig;
  readonly module: Module;
  /** Initial weights, buffers included, under torchvision's names. */
  readonly parameters: Weights;
  /** Number of trained values. */
  readonly parameterCount: number;
  /** Height and width of the images it is made for. */
  readonly inputSize: number;
}

/** What PyTorch's `BatchNorm2d` has when nothing is said. */
export const PYTORCH_BATCH_NORM: BatchNormConfig = { eps: 1e-5, momentum: 0.1 };

function resnet(
  depth: number,
  block: ResNetOptions['block'],
  layers: readonly number[],
  blocks: string,
): ModelEntry {
  return {
    name: `resnet${depth}`,
    description: `${depth}-layer ResNet of ${blocks} (He et al. 2016)`,
    forms: ['imagenet', 'cifar'],
    width: 64,
    antialias: ['none', 'blurconv1', 'blurconv2'],
    stemPath: 'conv1',
    classifierPath: 'fc',
    // As in the reference implementation, where the plain and the push-pull stem have one and the blurred do not.
    stemBias: ({ antialias = 'none' }) => antialias === 'none',
    batchNorm: PYTORCH_BATCH_NORM,
    build: ({ form, width, classes, antialias, batchNorm }, stem) =>
      new ResNet({ block, layers, form, width, classes, stem, antialias, batchNorm }),
  };
}

/** Every network, by the name it has on the command line. */
export const MODELS: readonly ModelEntry[] = [
  resnet(18, 'basic', [2, 2, 2, 2], 'basic blocks'),
  resnet(34, 'basic', [3, 4, 6, 3], 'basic blocks'),
  resnet(50, 'bottleneck', [3, 4, 6, 3], 'bottlenecks'),
  resnet(101, 'bottleneck', [3, 4, 23, 3], 'bottlenecks'),
  resnet(152, 'bottleneck', [3, 8, 36, 3], 'bottlenecks'),
  {
    name: 'efficientnet_b0',
    description: 'EfficientNet-B0 (Tan & Le 2019)',
    forms: ['imagenet', 'cifar'],
    width: 32,
    antialias: ['none'],
    stemPath: 'features.0.0',
    classifierPath: 'classifier.1',
    stemBias: () => false,
    batchNorm: EFFICIENTNET_BATCH_NORM,
    build: ({ form, width, classes, batchNorm }, stem) =>
      new EfficientNet({ form, width, classes, stem, batchNorm }),
  },
  {
    name: 'alexnet',
    description: 'AlexNet in the form of one GPU (Krizhevsky 2014)',
    forms: ['imagenet'],
    width: 64,
    antialias: ['none'],
    stemPath: 'features.0',
    classifierPath: 'classifier.6',
    stemBias: () => true,
    batchNorm: undefined,
    build: ({ width, classes }, stem) => new AlexNet({ width, classes, stem }),
  },
];

/** Find a network. @throws UserError listing the names that exist */
export function findModel(name: string): ModelEntry {
  const entry = MODELS.find((candidate) => candidate.name === name);
  if (!entry) {
    const names = MODELS.map((candidate) => candidate.name).join(', ');
    throw new UserError(`--model ${name}: expected one of ${names}. List them with: pushpull models`);
  }
  return entry;
}

/** Of four bytes each, with room for the rest of a file of 2 GB. */
const MOST_PARAMETERS = 500_000_000;

/** Build the modules of a network. @throws UserError when the network does not exist in that form or variant */
export function buildModule(config: ModelConfig): Module {
  const entry = findModel(config.model);
  const { form, antialias = 'none', stemBias = entry.stemBias(config) } = config;
  if (!entry.forms.includes(form)) {
    throw new UserError(
      `--form ${form}: ${entry.name} exists in the form ${entry.forms.join(', ')} only; choose another --model for small images`,
    );
  }
  if (!entry.antialias.includes(antialias)) {
    const able = MODELS.filter((other) => other.antialias.includes(antialias)).map(({ name }) => name);
    throw new UserError(
      `--antialias ${antialias}: expected none for ${entry.name}; ${able.join(', ')} have it`,
    );
  }
  if (config.batchNorm !== undefined && entry.batchNorm === undefined) {
    throw new UserError(`--bn-eps, --bn-momentum: ${entry.name} has no batch norms; leave them out`);
  }
  const { batchNorm = entry.batchNorm } = config;
  checkLimits({ width: config.width });
  const module = entry.build({ ...config, batchNorm }, stemFactory(config.stem, stemBias));
  const parameters = countParameters(module);
  if (parameters <= MOST_PARAMETERS) return module;
  throw new UserError(
    `--width ${config.width}: expected a network of ${MOST_PARAMETERS.toLocaleString('en')} parameters or fewer, as ONNX files ` +
      `end at 2 GB, found ${entry.name} with ${parameters.toLocaleString('en')}; choose a smaller --width`,
  );
}

/** Build a network with the initial weights of a seed. */
export function createModel(config: ModelConfig, seed: number): ImageModel {
  const module = buildModule(config);
  return {
    config,
    module,
    parameters: initialWeights(module, seed),
    parameterCount: countParameters(module),
    inputSize: config.form === 'cifar' ? 32 : 224,
  };
}

/** Number of trained values of a module. */
export function countParameters(module: Module): number {
  let count = 0;
  for (const [, parameter] of module.namedParameters()) {
    if (parameter.trainable) count += sizeOf(parameter);
  }
  return count;
}

const sizeOf = (parameter: Parameter): number => parameter.shape.reduce((a, b) => a * b, 1);
