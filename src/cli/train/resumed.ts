/** `pushpull train --resume`: the same options again are fine, others are refused by name. */
import { resolve, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { type AugmentationRequest, resolveAugmentation } from '../../augment/augment.ts';
import { parseWishes } from '../../data/formats/spec.ts';
import { UserError } from '../../errors.ts';
import { findModel } from '../../models/registry.ts';
import { PRESETS, type PresetName, type RunConfig } from '../../run/config.ts';
import { absoluteSpec } from '../../train/plan.ts';
import { type DataFlags, toDataSpec } from '../shared/data-options.ts';

/** What a run was begun with of an option, and how a value that is given now would be kept. */
interface Kept {
  readonly stored: unknown;
  readonly as?: (given: unknown) => unknown;
}

/** By the options' attributes; all that decide what a run computes. */
function keptOptions(
  config: RunConfig,
  flags: DataFlags & { data?: string },
): Readonly<Record<string, Kept>> {
  const { model, data, recipe, initial, trainingImages } = config;
  const { stem, batchNorm } = model;
  const { selection } = data;
  const form = PRESETS[config.preset as PresetName]?.form ?? model.form;
  const batches = Math.ceil(data.trainImages / recipe.batchSize);
  const place = flags.data ?? parseWishes(data.spec).path;
  const spec: Kept = { stored: data.spec, as: () => absoluteSpec(toDataSpec(place, flags)) };
  return {
    data: spec,
    labelsCsv: spec,
    label: spec,
    model: { stored: model.model, as: (given) => findModel(String(given)).name },
    form: { stored: model.form },
    width: { stored: model.width },
    stem: { stored: stem.kind },
    avg: { stored: stem.kind === 'pushpull' ? stem.avg : undefined },
    alpha: { stored: stem.kind === 'conv' ? undefined : stem.alpha },
    antialias: { stored: model.antialias ?? 'none' },
    stemBias: { stored: model.stemBias },
    bnEps: { stored: batchNorm?.eps },
    bnMomentum: { stored: batchNorm?.momentum },
    weights: { stored: initial?.file, as: (given) => within(initial?.file, resolve(String(given))) },
    newClassifier: { stored: initial?.newClassifier },
    reestimateBn: { stored: initial?.reestimateBatches, as: (given) => Math.min(Number(given), batches) },
    preset: { stored: config.preset },
    epochs: { stored: recipe.epochs },
    batch: { stored: recipe.batchSize },
    maxLr: { stored: recipe.rates.max },
    momentum: { stored: recipe.momentum },
    weightDecay: { stored: recipe.weightDecay },
    augment: {
      stored: trainingImages.augment ?? 'none',
      as: (given) => resolveAugmentation(given as AugmentationRequest, form),
    },
    jsd: { stored: recipe.jsd },
    classes: { stored: selection?.kind === 'draw' ? { ...selection } : undefined },
    classesFile: {
      stored: selection?.kind === 'file' ? selection.file : undefined,
      as: (given) => resolve(String(given)),
    },
    validation: { stored: data.validation ?? undefined },
    fraction: { stored: data.fraction },
    limit: { stored: data.limit ?? undefined },
    seed: { stored: config.seed },
  };
}

/** The weights of a run are a file in its folder. */
function within(file: string | undefined, given: string): string {
  return file?.startsWith(`${given}${sep}`) ? file : given;
}

/**
 * Check that the options of a command which goes on with a run are those that the run was begun with.
 *
 * @param out The run's folder.
 * @param allowed Attributes of options that may differ: where a run is carried out, not what it computes.
 * @throws UserError that names the option, what the run was begun with, and what is asked for now
 */
export function checkResumed(
  command: Command,
  config: RunConfig,
  out: string,
  allowed: readonly string[],
): void {
  const kept = keptOptions(config, command.opts());
  for (const option of command.options) {
    const name = option.attributeName();
    if (allowed.includes(name) || command.getOptionValueSource(name) !== 'cli') continue;
    const { stored, as } = kept[name] ?? { stored: undefined };
    const given: unknown = command.getOptionValue(name);
    if (isDeepStrictEqual(as ? as(given) : given, stored)) continue;
    throw new UserError(
      `${option.long} ${tell(given)}: a resumed run keeps the settings it was started with, and ${out} was started ` +
        `${stored === undefined ? 'without it' : `with ${tell(stored)}`}; leave the option out, or start a new run without --resume`,
    );
  }
}

function tell(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
