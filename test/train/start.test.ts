import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModelCard } from '../../src/models/card.ts';
import type { RunConfig } from '../../src/run/config.ts';
import { howTrained } from '../../src/run/history.ts';
import { runPaths } from '../../src/run/run.ts';
import { continueRun, engineOptions, onEngine, resumeRun, startRun } from '../../src/train/start.ts';
import { tinyConfig } from './tiny-learner.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-start-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const REFUSED = '--precision bfloat16: expected --engine torch with it';

describe('the engine of a run', () => {
  const torch: RunConfig = {
    ...tinyConfig(),
    engine: 'torch',
    device: 'cuda',
    precision: 'bfloat16',
    tf32: true,
  };

  it('stays what it was unless told otherwise', () => {
    expect(onEngine(torch, {})).toEqual(torch);
    expect(onEngine(tinyConfig(), {})).toEqual(tinyConfig());
    expect(onEngine(torch, { device: 'cpu', tf32: false })).toEqual({
      ...tinyConfig(),
      engine: 'torch',
      precision: 'bfloat16',
    });
    expect(onEngine(torch, { engine: 'onnxruntime', precision: 'float32', tf32: false })).toEqual({
      ...tinyConfig(),
      device: 'cuda',
    });
  });

  it('is part of how a network was trained', () => {
    expect(howTrained(torch, 5, [])).toMatchObject({
      engine: 'torch',
      device: 'cuda',
      precision: 'bfloat16',
      tf32: true,
    });
    expect(Object.keys(howTrained(tinyConfig(), 5, []))).not.toContain('engine');
  });

  it('computes a deterministic run with as many threads as it was started with', () => {
    const fixed = { ...tinyConfig(), fixedThreads: 3 };
    expect(onEngine(fixed, {})).toEqual(fixed);
    expect(engineOptions(fixed, { threads: 2 }).threads).toBe(3);
    expect(engineOptions(tinyConfig(), { threads: 2 }).threads).toBe(2);
    expect(howTrained(fixed, 5, [])).toMatchObject({
      fixedThreads: 3,
      reproducible: expect.stringMatching(/with 3 threads/),
    });
    expect(howTrained(tinyConfig(), 5, []).reproducible).toMatch(/roundings with another/);
  });

  it('is refused before the data is looked at, where there is no such', async () => {
    const out = join(folder, 'none');
    const request = { data: '/nowhere', precision: 'bfloat16' } as const;
    await expect(startRun(request, { out })).rejects.toThrow(REFUSED);
    await expect(startRun({ data: '/nowhere', device: 'webgpu', fixedThreads: 1 }, { out })).rejects.toThrow(
      '--deterministic: expected --device cpu',
    );
    await expect(startRun({ data: '/nowhere' }, { out, gpu: 1 })).rejects.toThrow('--gpu 1: expected');
    await expect(continueRun({ ...tinyConfig(), precision: 'bfloat16' }, { out })).rejects.toThrow(REFUSED);
  });

  it('is checked together with what the run was begun with', async () => {
    const out = join(folder, 'begun');
    const request = { data: 'mnist', width: 2, epochs: 1, limit: 32, workers: 1 };
    await startRun(request, { out, threads: 1 });
    const { config, model } = runPaths(out);
    const stored = readFileSync(config, 'utf8');
    expect(Object.keys(JSON.parse(stored))).not.toContain('engine');
    expect(readModelCard(readFileSync(model))!.training).not.toHaveProperty('engine');

    await expect(resumeRun({ out }, { precision: 'bfloat16' })).rejects.toThrow(REFUSED);
    const onTorch = JSON.stringify({ ...JSON.parse(stored), engine: 'torch', precision: 'bfloat16' });
    writeFileSync(config, onTorch);
    await expect(resumeRun({ out }, { engine: 'onnxruntime' })).rejects.toThrow(REFUSED);
    await expect(resumeRun({ out }, { device: 'webgpu' })).rejects.toThrow(
      '--device webgpu: expected cpu or',
    );

    writeFileSync(config, stored);
    await expect(resumeRun({ out }, { fixedThreads: 1 })).rejects.toThrow(
      '--deterministic: expected a run that',
    );
    writeFileSync(config, JSON.stringify({ ...JSON.parse(stored), fixedThreads: 1 }));
    await expect(resumeRun({ out, threads: 2 })).rejects.toThrow('--threads: expected 1, with which');
    await expect(resumeRun({ out }, { engine: 'torch' })).rejects.toThrow(
      '--engine: expected onnxruntime, on which',
    );
    await expect(resumeRun({ out }, { device: 'webgpu' })).rejects.toThrow(
      '--deterministic: expected --device cpu',
    );
    expect((await resumeRun({ out, threads: 1 }, { fixedThreads: 1 })).status).toBe('finished');

    writeFileSync(config, onTorch);
    const told: (RunConfig | undefined)[] = [];
    const onConfig = (...configs: (RunConfig | undefined)[]) => told.push(...configs);
    const session = { out, threads: 1, onConfig };
    await resumeRun(session, { engine: 'onnxruntime', precision: 'float32' });
    expect(told.map((run) => [run?.engine, run?.precision])).toEqual([
      [undefined, undefined],
      ['torch', 'bfloat16'],
    ]);
  });
});
