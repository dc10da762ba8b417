import { UserError } from '../errors.ts';
import {
  Conv2d,
  initialWeights,
  type Module,
  type Parameter,
  PushPullConv2d,
  type Weights,
} from '../nn/index.ts';
import { ResNet, type ResNetForm, type StemFactory } from './resnet.ts';

/** The network's first layer: a plain convolution, or the push-pull unit in its place. */
export type StemConfig =
  | { readonly kind: 'conv' }
  | { readonly kind: 'pushpull'; readonly avg: number; readonly alpha: 'trainable' | number };

/** Everything that decides a network's structure. Plain data; it travels with runs and models. */
export interface ModelConfig {
  readonly model: string;
  readonly form: ResNetForm;
  readonly width: number;
  readonly classes: number;
  readonly stem: StemConfig;
}

/** A network by name: what it is, and how it is built. */
export interface ModelEntry {
  readonly name: string;
  readonly description: string;
  readonly build: (config: ModelConfig) => Module;
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

function stemFactory(stem: StemConfig): StemFactory {
  // The reference implementation's first convolution has a bias, plain or push-pull.
  if (stem.kind === 'conv') {
    return (inChannels, outChannels, kernelSize, geometry) =>
      new Conv2d(inChannels, outChannels, kernelSize, { ...geometry, bias: true });
  }
  const { avg, alpha } = stem;
  return (inChannels, outChannels, kernelSize, geometry) =>
    new PushPullConv2d(inChannels, outChannels, kernelSize, { ...geometry, bias: true, avg, alpha });
}

const resnet =
  (...layers: number[]) =>
  ({ form, width, classes, stem }: ModelConfig): Module =>
    new ResNet({ layers, form, width, classes, stem: stemFactory(stem) });

/** Every network, by the name it has on the command line. */
export const MODELS: readonly ModelEntry[] = [
  {
    name: 'resnet18',
    description: '18-layer ResNet of basic blocks (He et al. 2016)',
    build: resnet(2, 2, 2, 2),
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

/** Build a network with the initial weights of a seed. */
export function createModel(config: ModelConfig, seed: number): ImageModel {
  const module = findModel(config.model).build(config);
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

/** Short name of a configuration's variant: `baseline`, `push-pull avg3`, `push-pull avg0 α 2`. */
export function variantName({ stem }: ModelConfig): string {
  if (stem.kind === 'conv') return 'baseline';
  return `push-pull avg${stem.avg}${stem.alpha === 'trainable' ? '' : ` α ${stem.alpha}`}`;
}
