import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkDevice } from '../../../src/cli/doctor/device.ts';
import { howKnown } from '../../../src/cli/experiment/plan.ts';
import { kindOf, type Rate } from '../../../src/experiment/estimate/estimate.ts';
import { MEASURE_SECONDS, measureRates } from '../../../src/experiment/estimate/measure.ts';
import { ratesFile, readStoredRates, storeRates } from '../../../src/experiment/estimate/stored-rates.ts';
import type { ExperimentPlan, PlannedRun } from '../../../src/experiment/plan.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** Kinds of network that differ in their model alone; the last has the most to compute. */
function plan(kinds = 10): ExperimentPlan {
  const cacheDir = mkdtempSync(join(tmpdir(), 'pushpull-rates-'));
  folders.push(cacheDir);
  const runs = Array.from({ length: kinds }, (_, at) => ({
    name: `net${at}-seed1`,
    row: { name: `net${at}` },
    multiplyAdds: 1000 * (at + 1),
    config: {
      model: { model: `net${at}`, width: 64 },
      trainingImages: {},
      preprocessing: { width: 32, height: 32 },
      recipe: { epochs: 1 },
      data: { trainImages: 10, testImages: 10 },
    },
  }));
  return {
    ...{ runs, cacheDir, jobs: 1, workers: { training: 1, evaluation: 1 } },
    evaluation: { cells: 1, images: 10 },
    engine: { device: 'cpu', threads: 1 },
  } as unknown as ExperimentPlan;
}

const rate = (run: PlannedRun, stage: Rate['stage']): Rate => ({
  ...{ stage, kind: kindOf(run, stage), secondsPerUnit: 1 },
});

/** Measures, on a clock that only the measurements move on. */
function clocked(seconds: number) {
  let time = 0;
  const measured: string[] = [];
  return {
    measured,
    options: {
      now: () => time,
      within: () => new AbortController().signal,
      measure: async (_: ExperimentPlan, run: PlannedRun, __: AbortSignal, tell: (rate: Rate) => void) => {
        measured.push(run.row.name);
        time += seconds * 1000;
        tell(rate(run, 'training'));
        tell(rate(run, 'evaluation'));
      },
    },
  };
}

describe('measureRates', () => {
  it('measures what has the most work first, and begins nothing when the time is over', async () => {
    const { measured, options } = clocked(7);
    const { rates, unmeasured } = await measureRates(plan(), [], options);
    expect(measured).toEqual(['net9', 'net8', 'net7'].slice(0, Math.floor(MEASURE_SECONDS / 7) + 1));
    expect(rates).toHaveLength(2 * measured.length);
    expect(unmeasured).toHaveLength(10 - measured.length);
    expect(howKnown({ known: [], stored: [], measured: { rates, unmeasured } })).toMatch(
      /^reckoned from a few seconds .*; by multiply-adds alone where 20 s left no time: net\d, /,
    );
  });

  it('goes on without a measurement that does not end, with what it has told', async () => {
    const controller = new AbortController();
    const { rates, unmeasured } = await measureRates(plan(1), [], {
      now: () => 0,
      within: () => controller.signal,
      measure: (_, run, __, tell) => {
        tell(rate(run, 'training'));
        setImmediate(() => controller.abort());
        return new Promise(() => {});
      },
    });
    expect(rates.map(({ stage }) => stage)).toEqual(['training']);
    expect(unmeasured).toHaveLength(1);
  });

  it('keeps what it measures, and measures it no second time', async () => {
    const own = plan(2);
    await measureRates(own, [], clocked(1).options);
    const stored = await readStoredRates(own);
    expect(stored).toHaveLength(4);
    const again = clocked(1);
    expect(await measureRates(own, stored, again.options)).toEqual({ rates: [], unmeasured: [] });
    expect(again.measured).toEqual([]);
  });
});

describe('stored rates', () => {
  it('of finished runs are not replaced by measured ones', async () => {
    const own = plan(1);
    const [run] = own.runs as [PlannedRun];
    await storeRates(own, run, [rate(run, 'training')], 'finished');
    await storeRates(own, run, [{ ...rate(run, 'training'), secondsPerUnit: 9 }], 'measured');
    const stored = await readStoredRates(own);
    expect(stored).toMatchObject([{ stage: 'training', secondsPerUnit: 1, source: 'finished' }]);
    expect(howKnown({ known: [], stored, measured: { rates: [], unmeasured: [] } })).toMatch(
      /^reckoned from finished runs stored of this machine \(since \d{4}-\d\d-\d\d\)$/,
    );
  });

  it('are of one device, one number of jobs, one width', async () => {
    const own = plan(1);
    expect(ratesFile({ ...own, jobs: 2 })).not.toBe(ratesFile(own));
    expect(ratesFile({ ...own, engine: { device: 'cuda', threads: 1 } })).not.toBe(ratesFile(own));
    const [run] = own.runs as [PlannedRun];
    await storeRates(own, run, [rate(run, 'training')], 'finished');
    const wide = { ...run, config: { ...run.config, model: { ...run.config.model, width: 8 } } };
    expect(await readStoredRates({ ...own, runs: [wide] })).toEqual([]);
  });
});

describe('checkDevice', () => {
  it('says that a device is missing, with the cure and without what its runtime prints', async () => {
    const errors =
      '2026-01-01 [E:onnxruntime] Failed to load library libonnxruntime_providers_cuda.so\nerror: --device cuda: none\n';
    const asked: unknown[] = [];
    const missing = checkDevice({ device: 'cuda', gpu: 1 }, async (args) => {
      asked.push(args);
      return { status: 2, output: '', errors };
    });
    await expect(missing).rejects.toThrow(
      /^--device cuda: the CUDA provider is not installed\. .*onnxruntime-node, or leave --device out$/,
    );
    expect(asked).toEqual([['doctor', '--probe', 'cuda', '--gpu', '1']]);
  });

  it('is content with one that computes', async () => {
    await checkDevice({ device: 'webgpu' }, async () => ({ status: 0, output: '9\n', errors: '' }));
  });
});
