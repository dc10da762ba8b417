import type { Engine } from '../engine/engine.ts';
import { UserError } from '../errors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { floats } from '../graph/tensor.ts';
import { CARD_SCHEMA, type ModelCard } from '../models/card.ts';
import { variantName } from '../models/config.ts';
import { exportModel, INPUT_NAME, OUTPUT_NAME } from '../models/export.ts';
import type { ImageModel } from '../models/registry.ts';
import { createModel } from '../models/registry.ts';
import type { RunConfig } from './config.ts';
import type { Classifier, LabelledBatch, Learner } from './learner.ts';
import { TrainingStep } from './step.ts';

/** The network of a run and its optimiser on a device, with the initial weights of the run's seed. */
export async function networkLearner(engine: Engine, config: RunConfig): Promise<Learner> {
  const model = createModel(config.model, config.seed);
  const { width, height } = config.preprocessing;
  const step = await TrainingStep.create(engine, model, {
    batchSize: config.recipe.batchSize,
    weightDecay: config.recipe.weightDecay,
    seed: config.seed,
    imageSize: { width, height },
  });
  const trained = [...model.module.namedParameters()].filter(([, parameter]) => parameter.trainable);
  const write = (weights: Map<string, Tensor>, training?: Record<string, unknown>): Uint8Array =>
    exportModel(model, weights, cardOfRun(config, model, training));

  return {
    classes: config.model.classes,
    shapes: { weights: model.parameters, momentum: new Map(trained) },
    step: ({ images, labels, count }, settings) =>
      step.run({ images: normalised(images), labels, count }, settings),
    state: () => step.readState(),
    restore: (state) => step.writeState(state),
    classifier: (weights) => loadClassifier(engine, write(weights), config),
    exportModel: write,
    dispose: () => step.dispose(),
  };
}

/** The model card of a run's network: what it is, its classes, how images are prepared, how it was trained. */
export function cardOfRun(
  config: RunConfig,
  model: ImageModel,
  training?: Record<string, unknown>,
): ModelCard {
  return {
    schema: CARD_SCHEMA,
    model: {
      ...model.config,
      name: model.config.model,
      variant: variantName(model.config),
      parameters: model.parameterCount,
    },
    classes: config.data.classes,
    preprocessing: config.preprocessing,
    training,
  };
}

async function loadClassifier(engine: Engine, bytes: Uint8Array, config: RunConfig): Promise<Classifier> {
  const session = await engine.loadModel(bytes);
  const { width, height } = config.preprocessing;
  return {
    async classify({ images, count }: LabelledBatch): Promise<Float32Array> {
      const data = images.subarray(0, count * 3 * height * width);
      const shape = [count, 3, height, width];
      const { [OUTPUT_NAME]: logits } = await session.run({
        [INPUT_NAME]: { dtype: 'float32', shape, data },
      });
      return floats(logits);
    },
    dispose: () => session.dispose(),
  };
}

function normalised(images: Float32Array | Uint8Array): Float32Array {
  if (images instanceof Float32Array) return images;
  throw new UserError('training needs float32 images: end the transforms with { kind: "normalize" }');
}
