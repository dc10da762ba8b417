import type { DeviceState, Engine, GraphOutputs, Program, StateBinding } from '../../engine/engine.ts';
import { withBatchAdvice } from '../../engine/memory.ts';
import { gradients } from '../../graph/autodiff.ts';
import * as F from '../../graph/functional.ts';
import { Graph } from '../../graph/graph.ts';
import type { Shape, Tensor } from '../../graph/tensor.ts';
import { float32, floats } from '../../graph/tensor.ts';
import type { Value } from '../../graph/value.ts';
import type { ImageModel } from '../../models/registry.ts';
import { TrainingContext } from '../../nn/index.ts';
import { randomStream } from '../../random/random.ts';
import { crossEntropy, jensenShannon, topKCorrect } from './losses.ts';
import { drawNoise } from './noise.ts';

export interface TrainingStepOptions {
  /** Images of a full batch; other counts are compiled when they first occur. */
  readonly batchSize: number;
  readonly weightDecay: number;
  /**
   * Weight of the consistency loss of AugMix. Given, each image comes in three views, of which the first is the clean
   * one: all go through the network, the cross-entropy and the counts are those of the clean ones alone, and the
   * Jensen–Shannon divergence of the answers to the three is added, so weighted.
   */
  readonly jsd?: number;
  /** Of the random numbers that dropout and its kin draw. Default 0. */
  readonly seed?: number;
  /** Height and width of the images; the model's own when left out. */
  readonly imageSize?: { readonly height: number; readonly width: number };
}

/** Normalised images and their classes. */
export interface TrainingBatch {
  /** float32 `[views · count, 3, H, W]`: all images of the first view, then those of the next. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}

export interface StepResult {
  /** Mean cross-entropy of the batch, with the consistency loss if there is one, before the update. */
  readonly loss: number;
  /** Images whose class was the first, or among the first five, of the answers. */
  readonly top1: number;
  readonly top5: number;
}

/** All that a step changes. */
export interface TrainingState {
  /** Parameters and buffers by name. */
  readonly weights: Map<string, Tensor>;
  /** SGD's velocity of each trained parameter. */
  readonly momentum: Map<string, Tensor>;
}

export interface CompiledStep {
  readonly outputs: GraphOutputs;
  readonly bindings: readonly StateBinding[];
  /** Inputs of uniform random numbers that dropout and its kin want, with their shapes. */
  readonly noise: ReadonlyMap<string, Shape>;
}

/** What one step is taken with. */
export interface StepSettings {
  readonly lr: number;
  readonly momentum: number;
  /** Number of the step, which the random numbers of dropout depend on. Default 0. */
  readonly step?: number;
}

const VELOCITY = 'momentum/';

/** Views of an image where consistency is asked for: clean, and varied twice. */
export const CONSISTENCY_VIEWS = 3;

const viewsOf = ({ jsd }: Pick<TrainingStepOptions, 'jsd'>): number =>
  jsd === undefined ? 1 : CONSISTENCY_VIEWS;

/**
 * Write one training step of a model as one graph: forward pass, loss, backward pass, SGD update,
 * running statistics and top-1/top-5 counts.
 *
 * Inputs: `images` `[N, 3, H, W]` (`[3N, 3, H, W]` with a consistency loss), `labels` int32 `[N]`, scalars `learningRate` and `momentum`, the
 * random numbers that dropout draws from, and the state; outputs `loss`, `top1`, `top5` and the new state.
 */
export function compileTrainingStep(model: ImageModel, options: TrainingStepOptions): CompiledStep {
  const { batchSize: n, weightDecay, imageSize, jsd } = options;
  const views = viewsOf(options);
  const { height, width } = imageSize ?? { height: model.inputSize, width: model.inputSize };
  const graph = new Graph();
  const images = graph.input('images', 'float32', [views * n, 3, height, width]);
  const labels = graph.input('labels', 'int32', [n]);
  const learningRate = graph.input('learningRate', 'float32', []);
  const momentum = graph.input('momentum', 'float32', []);
  const context = new TrainingContext(graph, model.module);

  const answers = model.module.call(images, context);
  const ofViews = graph.within('loss', () =>
    views === 1
      ? [answers]
      : Array.from({ length: views }, (_, view) => F.slice(answers, 0, view * n, (view + 1) * n)),
  );
  const [logits] = ofViews;
  const targets = graph.within('loss', () => F.oneHot(labels, logits.shape[1]));
  const loss = graph.within('loss', () => {
    const entropy = crossEntropy(logits, targets);
    return jsd === undefined
      ? entropy
      : F.add(entropy, F.mul(jensenShannon(ofViews), F.constant(logits, jsd)));
  });
  const [top1, top5] = graph.within('metrics', () => topKCorrect(logits, targets, [1, 5]));

  const outputs = new Map<string, Value>(Object.entries({ loss, top1, top5 }));
  const bindings: StateBinding[] = [];
  const parameters = [...context.parameters];
  const slopes = gradients(
    loss,
    parameters.map(([, value]) => value),
  );
  parameters.forEach(([name, value], i) => {
    graph.within(`sgd.${name}`, () => {
      const velocity = graph.input(`${VELOCITY}${name}`, 'float32', value.shape);
      const moved = F.sgd(value, slopes[i], velocity, { learningRate, momentum }, weightDecay);
      for (const [key, after] of [
        [name, moved.parameter],
        [`${VELOCITY}${name}`, moved.velocity],
      ] as const) {
        outputs.set(`next/${key}`, after);
        bindings.push({ key, input: key, output: `next/${key}` });
      }
    });
  });
  for (const [key, { after }] of context.buffers) {
    if (!after) throw new Error(`internal: the forward pass does not update ${key}`);
    outputs.set(`next/${key}`, after);
    bindings.push({ key, input: key, output: `next/${key}` });
  }
  return {
    outputs,
    bindings,
    noise: new Map([...context.noise].map(([name, { shape }]) => [name, shape])),
  };
}

/** The compiled step on a device, and what it has to be fed beside the batch. */
interface LoadedStep {
  readonly program: Program;
  readonly noise: CompiledStep['noise'];
}

/**
 * A model in training on a device: each `run` is one step of one compiled graph, and the weights and
 * the optimiser's state stay on the device in between.
 */
export class TrainingStep {
  private readonly engine: Engine;
  private readonly model: ImageModel;
  private readonly options: TrainingStepOptions;
  private readonly state: DeviceState;
  /** Programs by batch count: the full batch, and the last partial one of an epoch. */
  private readonly programs = new Map<number, LoadedStep>();

  private constructor(engine: Engine, model: ImageModel, options: TrainingStepOptions, state: DeviceState) {
    this.engine = engine;
    this.model = model;
    this.options = options;
    this.state = state;
  }

  /** Compile the step for full batches and place the model's initial weights on the device. */
  static async create(
    engine: Engine,
    model: ImageModel,
    options: TrainingStepOptions,
  ): Promise<TrainingStep> {
    const tensors = new Map<string, Tensor>(model.parameters);
    for (const [name, parameter] of model.module.namedParameters()) {
      if (!parameter.trainable) continue;
      const { shape } = parameter;
      tensors.set(`${VELOCITY}${name}`, float32(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape));
    }
    const step = new TrainingStep(engine, model, options, await engine.createState(tensors));
    await withBatchAdvice({ batch: options.batchSize }, () => step.program(options.batchSize));
    return step;
  }

  /**
   * One step on a batch of any count; a new count is compiled first, and only the full batch's program
   * and the newest other one are kept.
   *
   * @param settings learning rate and momentum of this step, and its number
   * @throws UserError with the batch size to try, when memory runs out
   */
  run(batch: TrainingBatch, settings: StepSettings): Promise<StepResult> {
    return withBatchAdvice({ batch: this.options.batchSize }, () => this.take(batch, settings));
  }

  private async take(
    { images, labels, count }: TrainingBatch,
    { lr, momentum, step = 0 }: StepSettings,
  ): Promise<StepResult> {
    const { program, noise } = await this.program(count);
    const { height, width } = this.imageSize();
    const total = viewsOf(this.options) * count;
    const { seed = 0 } = this.options;
    const results = await program.run({
      images: float32(images.subarray(0, total * 3 * height * width), [total, 3, height, width]),
      labels: { dtype: 'int32', shape: [count], data: labels.subarray(0, count) },
      learningRate: float32([lr], []),
      momentum: float32([momentum], []),
      // A stream for each input and step, so that a step that is repeated draws the same.
      ...drawNoise(noise, (name) => randomStream(seed, name, step)),
    });
    const scalar = (name: string): number => floats(results[name])[0];
    return { loss: scalar('loss'), top1: scalar('top1'), top5: scalar('top5') };
  }

  /** Copy weights and momentum from the device. */
  async readState(): Promise<TrainingState> {
    const weights = new Map<string, Tensor>();
    const momentum = new Map<string, Tensor>();
    for (const [key, tensor] of await this.state.read()) {
      if (key.startsWith(VELOCITY)) momentum.set(key.slice(VELOCITY.length), tensor);
      else weights.set(key, tensor);
    }
    return { weights, momentum };
  }

  /** Copy the weights alone. */
  async readWeights(): Promise<Map<string, Tensor>> {
    return this.state.read([...this.model.parameters.keys()]);
  }

  /** Replace weights and momentum on the device, as from a checkpoint. */
  async writeState({ weights, momentum }: TrainingState): Promise<void> {
    const velocities = [...momentum].map(([name, tensor]) => [`${VELOCITY}${name}`, tensor] as const);
    await this.state.write(new Map([...weights, ...velocities]));
  }

  async dispose(): Promise<void> {
    for (const { program } of this.programs.values()) await program.dispose();
    this.programs.clear();
    await this.state.dispose();
  }

  private imageSize(): { readonly height: number; readonly width: number } {
    return this.options.imageSize ?? { height: this.model.inputSize, width: this.model.inputSize };
  }

  private async program(count: number): Promise<LoadedStep> {
    const known = this.programs.get(count);
    if (known) return known;
    for (const [other, { program }] of this.programs) {
      if (other === this.options.batchSize) continue;
      await program.dispose();
      this.programs.delete(other);
    }
    const { outputs, bindings, noise } = compileTrainingStep(this.model, {
      ...this.options,
      batchSize: count,
    });
    const options = { state: this.state, bindings, name: 'training_step' };
    const loaded = { program: await this.engine.loadProgram(outputs, options), noise };
    this.programs.set(count, loaded);
    return loaded;
  }
}
