/** The settings of a run as names and values, for people. */
import { isPrime } from '../../augment/augment.ts';
import { describeChoice } from '../../engine/options.ts';
import { variantName } from '../../models/config.ts';
import { buildModule, countParameters, findModel } from '../../models/registry.ts';
import type { RunConfig } from '../../run/config.ts';
import { MOMENTUM_RANGE } from '../../run/schedule.ts';
import { plural, thousands } from '../../words.ts';
import { short } from '../shared/progress.ts';

type Facts = (readonly [name: string, value: string])[];

/**
 * All settings of a run.
 *
 * @param started Those that it was started with, where it goes on.
 */
export function describe(config: RunConfig, out: string, started?: RunConfig): Facts {
  const { data, recipe } = config;
  const { rates } = recipe;
  const steps = Math.ceil(data.trainImages / recipe.batchSize);
  return [
    ...describeTask(config),
    ...describeInitial(config),
    [
      'recipe',
      `${config.preset}: ${plural(recipe.epochs, 'epoch')} of ${plural(steps, 'step')}, batch ${recipe.batchSize}`,
    ],
    [
      '',
      `rate ${short(rates.initial)} to ${short(rates.max)} to ${short(rates.end)}, ${describeMomentum(config)}, weight decay ${short(recipe.weightDecay)}${recipe.jsd === undefined ? '' : `, consistency loss × ${short(recipe.jsd)}`}`,
    ],
    ...describeStatistics(config, recipe.epochs * steps),
    ['machine', `${describeMachine(config, started)}, seed ${config.seed}`],
    ['run', out],
  ];
}

/** The weights that a run starts from, and what was adapted. */
function describeInitial({ initial }: RunConfig): Facts {
  if (initial === undefined) return [];
  const { file, notes, reestimateBatches } = initial;
  const measured = `batch norms are measured anew first (batches: ${thousands(reestimateBatches)})`;
  const lines = [file, ...notes, ...(reestimateBatches > 0 ? [measured] : [])];
  return lines.map((line, i) => [i === 0 ? 'weights' : '', line]);
}

/** Share of their start that running statistics may still hold at the end of a run. */
const LEFT_OF_START = 0.01;

/** A warning where a run is too short for its batch norms, whose first statistics (0 and 1) would still count. */
function describeStatistics({ model, initial }: RunConfig, steps: number): Facts {
  const momentum = (model.batchNorm ?? findModel(model.model).batchNorm)?.momentum;
  if (initial !== undefined || momentum === undefined || (1 - momentum) ** steps <= LEFT_OF_START) return [];
  const needed = Math.ceil(Math.log(LEFT_OF_START) / Math.log(1 - momentum));
  return [
    [
      'note',
      `batch norms of momentum ${short(momentum)} need about ${plural(needed, 'step')} until errors mean something: --bn-momentum, or more epochs`,
    ],
  ];
}

/** The network and its images: what the runs of a search have in common. */
export function describeTask({ model, data, preprocessing, trainingImages }: RunConfig): Facts {
  const parameters = countParameters(buildModule(model));
  const size = `${preprocessing.width}×${preprocessing.height}`;
  const { augment, resize, padding, flip } = trainingImages;
  const changes = [
    augment === undefined || isPrime(augment) ? '' : augment,
    resize === null ? '' : `short side to ${resize}`,
    `random ${size} crop${padding > 0 ? ` of the image padded by ${padding}` : ''}`,
    flip ? 'flip' : '',
    augment !== undefined && isPrime(augment) ? augment : '',
  ];
  const images = data.validation
    ? `${plural(data.trainImages, 'training image')} and ${thousands(data.testImages)} held out for validation`
    : `${thousands(data.trainImages)} + ${plural(data.testImages, 'image')}`;
  return [
    [
      'model',
      `${model.model} ${model.form}, width ${model.width}, ${variantName(model)}: ${plural(parameters, 'parameter')}`,
    ],
    ['data', `${data.name}: ${images}, ${plural(data.classes.length, 'class')}`],
    ['images', changes.filter((change) => change !== '').join(', ')],
  ];
}

export function describeMomentum({ recipe }: RunConfig): string {
  return recipe.momentum === 'cycle'
    ? `momentum ${MOMENTUM_RANGE.max} to ${MOMENTUM_RANGE.base} and back`
    : `momentum ${recipe.momentum}`;
}

/** @param started The settings that a run which goes on was started with. */
export function describeMachine(config: RunConfig, started: RunConfig = config): string {
  const [now, before] = [describeChoice(config), describeChoice(started)];
  const changed = now === before ? '' : ` (begun on ${before})`;
  return `${now}${changed}, ${plural(config.workers, 'loader thread')}`;
}
