/** The weights that a run starts from: decided when it is planned, read again when it begins. */
import { UserError } from '../errors.ts';
import { createModel } from '../models/registry.ts';
import type { Weights } from '../nn/index.ts';
import type { InitialWeights, RunConfig } from '../run/config.ts';
import { loadWeights } from './load.ts';
import { openWeights, type WeightsSource } from './source.ts';

/** Batches over which batch norms are measured anew behind another first layer, where nothing else is asked for. */
export const REESTIMATE_BATCHES = 50;

export interface InitialRequest {
  readonly newClassifier?: boolean;
  /** Batches to measure the batch norms' statistics over. */
  readonly reestimate?: number;
}

/**
 * Make sure that weights fit a run's network, and describe what the run starts from.
 *
 * @param config The run's, without the weights.
 * @param notes What was decided about the network because of these weights.
 * @throws UserError that lists all that does not fit
 */
export function planInitial(
  source: WeightsSource,
  config: RunConfig,
  { newClassifier = false, reestimate }: InitialRequest,
  notes: readonly string[],
): InitialWeights {
  const fitted = loadWeights(source, createModel(config.model, config.seed), newClassifier);
  const { recipe, data } = config;
  const wanted = reestimate ?? (fitted.stemAdapted ? REESTIMATE_BATCHES : 0);
  return {
    file: source.file,
    sha256: source.sha256,
    notes: [...fitted.notes, ...notes, ...otherTask(source, config, newClassifier)],
    newClassifier,
    reestimateBatches: Math.min(wanted, Math.ceil(data.trainImages / recipe.batchSize)),
  };
}

/** What is different about the images that the weights were trained on. */
function otherTask(
  { card }: WeightsSource,
  { data, preprocessing }: RunConfig,
  newClassifier: boolean,
): string[] {
  if (card === undefined) return [];
  const notes: string[] = [];
  const { mean, std } = card.preprocessing;
  if (JSON.stringify([mean, std]) !== JSON.stringify([preprocessing.mean, preprocessing.std])) {
    notes.push(
      `they were trained on images with mean ${mean.join(', ')} and std ${std.join(', ')}; this run has others`,
    );
  }
  if (!newClassifier && card.classes.length > 0 && card.classes.join('\n') !== data.classes.join('\n')) {
    const shown = card.classes.slice(0, 3).join(', ');
    notes.push(
      `their classes have other names (${shown}, ...): --new-classifier unless they are the same things`,
    );
  }
  return notes;
}

/**
 * Read the weights of a planned run.
 *
 * @throws UserError when the file is no longer what it was when the run was planned
 */
export async function readInitial(config: RunConfig): Promise<Weights | undefined> {
  const { initial, model, seed } = config;
  if (initial === undefined) return undefined;
  const source = await openWeights(initial.file);
  if (source.sha256 !== initial.sha256) {
    throw new UserError(
      `${initial.file}: expected the weights that the run was planned with (SHA-256 ${initial.sha256}), found others ` +
        `(${source.sha256}). Restore the file, or start a new run.`,
    );
  }
  return loadWeights(source, createModel(model, seed), initial.newClassifier).weights;
}
