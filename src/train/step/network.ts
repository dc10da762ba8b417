import type { Engine } from '../../engine/engine.ts';
import { withBatchAdvice } from '../../engine/memory.ts';
import { UserError } from '../../errors.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { floats } from '../../graph/tensor.ts';
import { CARD_KEY, CARD_SCHEMA, type ModelCard } from '../../models/card.ts';
import { variantName } from '../../models/config.ts';
import { exportModel, INPUT_NAME, inferenceGraph, OUTPUT_NAME } from '../../models/export.ts';
import type { ImageModel } from '../../models/registry.ts';
import { createModel } from '../../models/registry.ts';
import type { Weights } from '../../nn/index.ts';
import type { RunConfig } from '../../run/config.ts';
import type { Classifier, LabelledBatch, Learner } from './learner.ts';
import { reestimateBatchNorm } from './reestimate.ts';
import { TrainingStep } from './step.ts';

/**
 * The network of a run and its optimiser on a device.
 *
 * @param initial Its first weights; those of the run's seed when left out.
 */
export async function networkLearner(engine: Engine, config: RunConfig, initial?: Weights): Promise<Learner> {
  const seeded = createModel(config.model, config.seed);
  const model = { ...seeded, parameters: initial ?? seeded.parameters };
  const { width, height } = config.preprocessing;
  const ofBatch = { batch: config.recipe.batchSize };
  const step = await TrainingStep.create(engine, model, {
    batchSize: config.recipe.batchSize,
    weightDecay: config.recipe.weightDecay,
    jsd: config.recipe.jsd,
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
    async reestimate(batches, onBatch) {
      const { weights, momentum } = await step.readState();
      const options = { imageSize: { width, height }, seed: config.seed, onBatch };
      const measured = await withBatchAdvice(ofBatch, () =>
        reestimateBatchNorm(engine, model, weights, batches, options),
      );
      if (measured) await step.writeState({ weights: measured, momentum });
      return measured !== undefined;
    },
    state: () => step.readState(),
    restore: (state) => step.writeState(state),
    classifier: (weights) => loadClassifier(engine, model, weights, config),
    exportModel: write,
    metadata: (training) => ({ [CARD_KEY]: JSON.stringify(cardOfRun(config, model, training)) }),
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

async function loadClassifier(
  engine: Engine,
  model: ImageModel,
  weights: Weights,
  config: RunConfig,
): Promise<Classifier> {
  const { width, height } = config.preprocessing;
  const build = inferenceGraph(model, weights, { width, height });
  const session = await engine.loadNetwork(build, { name: config.model.model });
  return {
    async classify({ images, count }: LabelledBatch): Promise<Float32Array> {
      const data = images.subarray(0, count * 3 * height * width);
      const shape = [count, 3, height, width];
      const feeds = { [INPUT_NAME]: { dtype: 'float32', shape, data } } as const;
      const { [OUTPUT_NAME]: logits } = await withBatchAdvice({ batch: config.recipe.batchSize }, () =>
        session.run(feeds),
      );
      return floats(logits);
    },
    dispose: () => session.dispose(),
  };
}

function normalised(images: Float32Array | Uint8Array): Float32Array {
  if (images instanceof Float32Array) return images;
  throw new UserError('training needs float32 images: end the transforms with { kind: "normalize" }');
}
