/** How fast kinds of networks were trained and measured on this machine, kept in the cache folder for later estimates. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { cacheFolder } from '../../files/cache-folder.ts';
import { readIndex, writeIndex } from '../../files/index-cache.ts';
import type { ExperimentPlan, PlannedRun } from '../plan.ts';
import { kindOf, type Rate } from './estimate.ts';

const SOURCES = ['finished', 'measured'] as const;
/** Of a finished training or evaluation, or of a few seconds before a plan. */
export type RateSource = (typeof SOURCES)[number];

const schema = z.object({
  schema: z.literal('pushpull.rates/1'),
  rates: z.record(
    z.string(),
    z.object({ secondsPerUnit: z.number().positive(), source: z.enum(SOURCES), date: z.string() }),
  ),
});

export interface StoredRate extends Rate {
  readonly source: RateSource;
  /** Day on which it was stored: `2026-01-31`. */
  readonly date: string;
}

/** One file for each machine, version, engine and way of sharing the machine: in another the rates are others. */
export function ratesFile({ engine: choice, jobs, workers, cacheDir }: ExperimentPlan): string {
  const { engine = 'onnxruntime', device, precision = 'float32', tf32 = false, gpu, threads } = choice;
  const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };
  const machine = [cpus()[0]?.model.trim(), availableParallelism(), version];
  const key = JSON.stringify([...machine, engine, device, precision, tf32, gpu ?? 0, threads, jobs, workers]);
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
  return path.join(cacheFolder(cacheDir), 'rates', `${hash}.json`);
}

/** Small networks take longer for each multiply-add, so that a rate of one size says little of another. */
function keyOf(run: PlannedRun, stage: Rate['stage']): string {
  const { model, preprocessing } = run.config;
  return `${stage} ${kindOf(run, stage)} ${model.width} ${preprocessing.width}x${preprocessing.height}`;
}

/** What is stored of the kinds of a plan, one a kind. */
export async function readStoredRates(plan: ExperimentPlan): Promise<StoredRate[]> {
  const stored = (await readIndex(ratesFile(plan), schema))?.rates ?? {};
  const found = new Map<string, StoredRate>();
  for (const run of plan.runs) {
    for (const stage of ['training', 'evaluation'] as const) {
      const key = keyOf(run, stage);
      if (Object.hasOwn(stored, key)) found.set(key, { stage, kind: kindOf(run, stage), ...stored[key]! });
    }
  }
  return [...found.values()];
}

/** Keep rates of a run. A finished one takes the place of what was measured for a few seconds, never the other way. */
export async function storeRates(
  plan: ExperimentPlan,
  run: PlannedRun,
  rates: readonly Rate[],
  source: RateSource,
): Promise<void> {
  const file = ratesFile(plan);
  const earlier = (await readIndex(file, schema))?.rates ?? {};
  const date = new Date().toISOString().slice(0, 10);
  const own = rates
    .map(({ stage, secondsPerUnit }) => [keyOf(run, stage), { secondsPerUnit, source, date }] as const)
    .filter(([key]) => source === 'finished' || earlier[key]?.source !== 'finished');
  if (own.length === 0) return;
  await writeIndex(file, { schema: 'pushpull.rates/1', rates: { ...earlier, ...Object.fromEntries(own) } });
}
