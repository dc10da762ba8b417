/** A corrupted copy of a whole data set, which can be stopped and gone on with. */

import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import {
  COMPATIBLE_QUIRKS,
  type CorruptionName,
  PARAMETERS,
  type ParameterSet,
} from '../../corrupt/index.ts';
import type { BadLimit } from '../../data/bad-images.ts';
import type { Dataset } from '../../data/contents.ts';
import { type CorruptedManifest, MANIFEST_FILE } from '../../data/corrupted/manifest.ts';
import { openDataset } from '../../data/dataset.ts';
import { UserError } from '../../errors.ts';
import { commandParts } from '../../run/command.ts';
import { absoluteSpec } from '../../train/plan.ts';
import { decimals, plural, thousands } from '../../words.ts';
import { badImagesFacts } from '../shared/bad-images.ts';
import { dataFacts, toDataSpec } from '../shared/data-options.ts';
import { facts } from '../shared/lines.ts';
import { duration, INTERRUPTED, interruptible, ProgressLine } from '../shared/progress.ts';
import { corruptDataset } from './dataset.ts';
import { type ClaimedSet, claimSet } from './manifest.ts';
import { type CorruptTask, defaultSet } from './request.ts';
import { type CleanImages, inspectImages } from './sources.ts';

/** Where images that were left out are listed, in the folder of the set. */
const BAD_IMAGES_FILE = 'bad-images.tsv';
/** Of the name before a line about images that were left out. */
const FACT_WIDTH = 12;

/**
 * Write the set, or what is missing of it.
 *
 * @param lost stops it too: another process works in the folder
 */
export async function corruptSet(task: CorruptTask, lost: AbortSignal): Promise<void> {
  const { flags } = task;
  const dataset = await openDataset(dataOf(task), splitOf(task), {
    ...{ limit: flags.limit, seed: flags.seed, cacheDir: flags.cache, unlabelled: true },
  });
  facts(dataFacts(dataset.reading));
  const progress = new ProgressLine();
  try {
    let stopped = false;
    const work = (signal: AbortSignal) => writeSet(task, dataset, progress, AbortSignal.any([signal, lost]));
    try {
      await interruptible(work, () => {
        stopped = true;
        progress.log('Stopping: finishing the images at hand ...');
      });
    } catch (error) {
      if (!stopped || !(error instanceof Stopped)) throw error;
      progress.log(`Stopped. ${error.message}`);
      process.exitCode = INTERRUPTED;
    }
  } finally {
    progress.clear();
    await dataset.close();
  }
}

/** `train` and `test` are splits of any data; another one is looked for by its name. */
function splitOf({ flags }: CorruptTask): 'train' | 'test' {
  return flags.split === 'train' ? 'train' : 'test';
}

function dataOf({ flags }: CorruptTask): string {
  const asked = ['train', 'test'].includes(flags.split) ? undefined : flags.split;
  return toDataSpec(flags.data, { ...flags, split: asked });
}

/** What is there when the work was stopped. */
class Stopped extends Error {}

async function writeSet(
  task: CorruptTask,
  dataset: Dataset,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<void> {
  const { flags, corruptions, severities, quirks, frost } = task;
  const { seed, out, size, format = 'png', skipBad = false, maxBad } = flags;
  const skipTo = skipBad ? path.join(out, BAD_IMAGES_FILE) : undefined;
  let started = performance.now();
  const counted = (name: string, total: number) => (done: number) => {
    const rate = done / ((performance.now() - started) / 1000);
    progress.update(
      done,
      total,
      name,
      `${decimals(rate, 1)} images/s  ${duration((total - done) / rate)} left`,
    );
  };
  let claimed: ClaimedSet | undefined;
  let written = 0;
  try {
    const clean = await inspectImages({
      ...{ dataset, data: flags.data, size, uniform: format === 'npy', skipTo, maxBad, signal },
      onProgress: counted(`reading ${dataset.displayName}`, dataset.length),
    });
    const { indices, unreadable } = clean;
    const set = flags.set ?? defaultSet(size === undefined ? clean : { width: size, height: size });
    claimed = await claimSet(out, describeSet(task, dataset, set, clean));
    started = performance.now();
    const onCorrupted = counted(dataset.displayName, indices.length);
    const { there, fresh } = await corruptDataset({
      ...{ dataset, indices, corruptions, severities, set, seed, quirks, frost, format, out, size, signal },
      begun: claimed.begun,
      workers: flags.workers ?? availableParallelism(),
      onProgress: (done) => {
        written = done;
        onCorrupted(done);
      },
    });
    progress.clear();
    for (const [name, text] of badImagesFacts(unreadable, skipTo ?? '')) {
      console.error(`${name.padEnd(FACT_WIDTH)}${text}`);
    }
    if (there > 0) {
      console.error(
        `${'continued'.padEnd(FACT_WIDTH)}${thousands(there)} of ${plural(there + fresh, 'picture')} were there`,
      );
    }
    const made = indices.length * corruptions.length * severities.length;
    console.log(
      `${thousands(made)} pictures: ${plural(indices.length, 'image')} of ${dataset.displayName}, ` +
        `${plural(corruptions.length, 'corruption')} × ${severities.length}, strengths of ${set}, ` +
        `in ${duration((performance.now() - started) / 1000)}`,
    );
    console.log(`manifest: ${path.join(out, MANIFEST_FILE)}`);
  } catch (error) {
    const kept = await claimed?.withdrawUnlessBegun(format === 'npy' ? 0 : written);
    if (!signal.aborted || error instanceof UserError) throw error;
    throw new Stopped(kept ? `The files so far are in ${out}; the same command goes on.` : nothing(format));
  }
}

function nothing(format: string): string {
  return format === 'npy' ? 'No array was finished, and none is left behind.' : 'Nothing was written.';
}

/** How the files are made, for whoever finds them. */
function describeSet(
  task: CorruptTask,
  dataset: Dataset,
  set: ParameterSet,
  clean: CleanImages,
): CorruptedManifest {
  const { flags, corruptions, severities, quirks } = task;
  const { indices, unreadable, sha256 } = clean;
  const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };
  const parameters = Object.fromEntries(
    corruptions.map((name: CorruptionName) => [
      name,
      severities.map((severity) => PARAMETERS[set][name][severity - 1]),
    ]),
  );
  return {
    data: {
      ...{
        name: dataset.name,
        split: dataset.source.split,
        images: indices.length,
        classes: [...dataset.classes],
      },
      ...{ limit: flags.limit ?? null, size: flags.size ?? null },
      ...(unreadable.length > 0 ? { unreadable: [...unreadable] } : {}),
      sha256,
    },
    format: flags.format ?? 'png',
    set,
    seed: flags.seed,
    severities: [...severities],
    corruptions: parameters,
    quirks: { ...COMPATIBLE_QUIRKS, ...quirks },
    frost: flags.frostDir === undefined ? 'generated' : path.resolve(flags.frostDir),
    command: commandOf(task, set),
    environment: { pushpull: version, node: process.version },
  };
}

/** The command that makes the set, but for which corruptions and where. */
function commandOf(task: CorruptTask, set: ParameterSet): string {
  const { flags, severities } = task;
  return commandParts([
    'pushpull corrupt',
    ['--data', absoluteSpec(dataOf(task))],
    ['--severity', severities.join(',')],
    ['--set', set],
    ['--format', flags.format ?? 'png'],
    ['--seed', flags.seed],
    ['--size', flags.size],
    ['--limit', flags.limit],
    ['--split', splitOf(task)],
    ...(flags.skipBad ? ['--skip-bad'] : []),
    ['--max-bad', badLimitWord(flags.maxBad)],
    ['--frost-dir', flags.frostDir === undefined ? undefined : path.resolve(flags.frostDir)],
    ['--without', flags.without],
    ['--cache', flags.cache === undefined ? undefined : path.resolve(flags.cache)],
  ]).join(' ');
}

function badLimitWord(limit: BadLimit | undefined): string | undefined {
  if (limit === undefined) return undefined;
  return 'images' in limit ? String(limit.images) : `${100 * limit.share}%`;
}
