import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExperimentOptions } from '../../src/experiment/plan.ts';
import { readExperiment } from '../../src/experiment/read.ts';
import { type ExperimentEvent, type ExperimentResult, runExperiment } from '../../src/experiment/run.ts';
import { parseScale } from '../../src/experiment/scale.ts';
import { startRun } from '../../src/train/start.ts';
import { experimentText, SMALL } from './file.ts';

let folder: string;
let file: string;
let whole: ExperimentResult;
let events: ExperimentEvent[];

const scale = parseScale('train=96,test=10,epochs=1');
const options = (out: string, more: Partial<ExperimentOptions> = {}): ExperimentOptions => ({
  experiment: file,
  out: join(folder, out),
  scale,
  threads: 1,
  workers: 1,
  ...more,
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-experiment-run-'));
  file = join(folder, 'digits.yaml');
  writeFileSync(file, SMALL);
  events = [];
  const experiment = { ...(await readExperiment(file)), figures: true, report: true };
  whole = await runExperiment(options('whole', { experiment }), { onEvent: (event) => events.push(event) });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Files that must not depend on how often an experiment was stopped. */
const COMPARED = /(model\.onnx|predictions\.safetensors|tables\/table-6\.\w+|experiment\.json|status\.json)$/;

/** What an experiment left, but for times; results without the environment. */
function content(out: string): Record<string, unknown> {
  const root = join(folder, out);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const files = names
    .filter((name) => COMPARED.test(name))
    .map((name) => [name, readFileSync(join(root, name), 'latin1')]);
  const results = readdirSync(join(root, 'results'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const text = readFileSync(join(root, 'results', name), 'utf8').replaceAll(root, '');
      const { environment: _, ...result } = JSON.parse(text);
      return [name, result];
    });
  return Object.fromEntries([...files, ...results]);
}

const stages = (run: ExperimentResult) =>
  run.states.map(({ name, training, evaluation }) => [name, training.stage, evaluation.stage]);

describe('an experiment', () => {
  it('trains, measures and reports', () => {
    expect(whole.status).toBe('finished');
    expect(stages(whole)).toEqual([
      ['resnet18-conv-seed1', 'done', 'done'],
      ['resnet18-avg3-seed1', 'done', 'done'],
    ]);
    const out = join(folder, 'whole');
    expect(readdirSync(out).sort()).toEqual([
      'experiment.json',
      'figures',
      'report',
      'results',
      'runs',
      'status.json',
      'tables',
    ]);
    expect(readdirSync(join(out, 'tables')).sort()).toEqual([
      'table-6.csv',
      'table-6.html',
      'table-6.md',
      'table-6.tex',
    ]);
    const [plain, pushpull] = ['conv', 'avg3'].map((stem) =>
      JSON.parse(readFileSync(join(out, 'results', `resnet18-${stem}-seed1.json`), 'utf8')),
    );
    expect(plain.images.fog).toEqual([10, null, null, null, 10]);
    expect(pushpull.baseline.model.sha256).toBe(plain.model.sha256);
    expect(existsSync(join(out, 'report', 'report.html'))).toBe(true);
    expect(readdirSync(join(out, 'figures'))).toContain('severity.svg');
  });

  it('says everywhere that it was scaled down', () => {
    const said = '1 epoch instead of 2, 96 training images instead of 9,000, 10 test images instead of 1,500';
    expect(whole.plan.scaledText).toBe(said);
    for (const name of [
      'experiment.json',
      'tables/table-6.md',
      'tables/table-6.tex',
      'tables/table-6.csv',
      'report/report.md',
    ]) {
      expect(readFileSync(join(folder, 'whole', name), 'utf8'), name).toContain(said);
    }
    const words = (name: string) =>
      readFileSync(join(folder, 'whole', name), 'utf8').replaceAll(/<[^>]*>|\s+/g, ' ');
    expect(words('tables/table-6.html')).toContain(said);
    for (const figure of ['severity.svg', 'resnet18-conv/figure-3-kernels.svg']) {
      expect(words(`figures/${figure}`).replaceAll(/ +/g, ' '), figure).toContain(
        'Scaled down: 1 epoch instead of 2',
      );
    }
    expect(readFileSync(join(folder, 'whole', 'report/report.md'), 'utf8')).toMatch(
      /^# Digits \(scaled down\)/,
    );
  });

  it('tells what happens', () => {
    const told = events.flatMap((event) =>
      event.kind === 'stage'
        ? [`${event.state.name} ${event.of}`]
        : event.kind === 'progress'
          ? []
          : [event.kind],
    );
    const twice = (name: string) => [`${name} training`, `${name} training`];
    const measured = (name: string) => [`${name} evaluation`, `${name} evaluation`];
    const [a, b] = ['resnet18-conv-seed1', 'resnet18-avg3-seed1'] as const;
    expect(told).toEqual(['start', ...twice(a), ...measured(a), ...twice(b), ...measured(b), 'outputs']);
  });

  it('stopped in a training and in an evaluation, goes on to the same files', async () => {
    /** Abort at the first progress of a stage. */
    const stopped = async (jobs: number, when: (event: ExperimentEvent) => boolean) => {
      const controller = new AbortController();
      const run = await runExperiment(options('stopped', { jobs }), {
        signal: controller.signal,
        onEvent: (event) => when(event) && controller.abort(),
      });
      expect(run.status).toBe('interrupted');
      expect(existsSync(join(folder, 'stopped', 'lock'))).toBe(false);
      return stages(run);
    };
    const first = await stopped(2, (event) => event.kind === 'progress' && event.state.training.progress > 0);
    expect(first.map(([, training]) => training)).toContain('stopped');
    const second = await stopped(
      1,
      (event) => event.kind === 'progress' && event.state.evaluation.finished === 2,
    );
    expect(second[0]).toEqual(['resnet18-conv-seed1', 'done', 'stopped']);
    const last = await runExperiment(options('stopped'));
    expect(stages(last)).toEqual(stages(whole));
    expect(content('stopped')).toEqual(content('whole'));
  });

  it('does nothing twice, and takes more seeds', async () => {
    const again: ExperimentEvent[] = [];
    const run = await runExperiment(options('whole'), { onEvent: (event) => again.push(event) });
    expect([run.status, ...again.map(({ kind }) => kind)]).toEqual(['finished', 'start', 'outputs']);
    const experiment = { ...(await readExperiment(file)), report: true };
    const more = await runExperiment(
      options('whole', { experiment, only: ['*conv'], seeds: [{ seeds: [2] }] }),
    );
    expect(stages(more)).toEqual([['resnet18-conv-seed2', 'done', 'done']]);
    expect(readFileSync(join(folder, 'whole', 'tables', 'table-6.md'), 'utf8')).toContain('2 seeds');
    expect(readFileSync(join(folder, 'whole', 'report', 'report.md'), 'utf8')).toContain(
      'means over all seeds; the rest of this page shows one seed of each network (resnet18-conv-seed1, resnet18-avg3-seed1)',
    );
    const { rows } = JSON.parse(readFileSync(join(folder, 'whole', 'experiment.json'), 'utf8'));
    expect(rows.map(({ seeds }: { seeds: number[] }) => seeds)).toEqual([[1, 2], [1]]);
  });

  it('refuses a folder that holds something else', async () => {
    const refused = (more: Partial<ExperimentOptions>) =>
      expect(runExperiment(options('whole', more))).rejects;
    await refused({ scale: undefined }).toThrow(
      /whole: the experiment was begun with --scale epochs=1,train=96,test=10, now there is no --scale, .*; give --scale epochs=1,train=96,test=10, or choose another folder$/,
    );
    await refused({ engine: 'torch', precision: 'bfloat16' }).toThrow(
      'the experiment was begun with --precision float32, now there is --precision bfloat16, and its runs could not ' +
        'be compared; give --precision float32, or choose another folder',
    );
    await refused({ scale: parseScale('0.5') }).toThrow(
      'now there is --scale 0.5, and its runs could not be compared',
    );
    writeFileSync(join(folder, 'other.yaml'), SMALL);
    await refused({ experiment: join(folder, 'other.yaml') }).toThrow(
      'holds the experiment digits, now other is asked for',
    );
    writeFileSync(file, SMALL.replace('severities: [1, 5]', 'severities: [1]'));
    await refused({}).toThrow(
      /its networks are measured on mnist, 10 images in 5 cells, now that would be mnist, 10 images in 3;/,
    );
    writeFileSync(file, SMALL.replace('epochs: 2', 'epochs: 2, batchSize: 32'));
    await refused({}).toThrow(
      /resnet18-conv-seed1: expected a run with recipe.batchSize 32, found one with 64/,
    );
    writeFileSync(file, SMALL);
  });
});

describe('runs that were there before', () => {
  it('are kept when they are the same, under any name', async () => {
    const out = join(folder, 'adopted');
    const stem = { kind: 'pushpull', avg: 3, alpha: 'trainable' } as const;
    const request = {
      data: 'mnist',
      model: 'resnet18',
      width: 2,
      epochs: 1,
      limit: { train: 96, test: 10 },
      seed: 1,
      stem,
    };
    await startRun(request, { out: join(out, 'runs', 'by-hand'), threads: 1 });
    cpSync(join(folder, 'whole', 'runs', 'resnet18-conv-seed1'), join(out, 'runs', 'resnet18-conv-seed1'), {
      recursive: true,
    });
    const notes: string[] = [];
    const trained: string[] = [];
    const run = await runExperiment(options('adopted'), {
      onEvent: (event) => {
        if (event.kind === 'note') notes.push(event.text);
        if (event.kind === 'stage' && event.of === 'training') trained.push(event.state.name);
      },
    });
    expect([run.status, trained]).toEqual(['finished', []]);
    expect(notes).toEqual(['by-hand is resnet18-avg3-seed1: kept under that name']);
    expect(content('adopted')).toEqual(content('stopped'));
  });

  it('and one that is no more what was measured is named', async () => {
    const [a, b] = ['conv', 'avg3'].map((stem) =>
      join(folder, 'adopted', 'results', `resnet18-${stem}-seed1.json`),
    );
    renameSync(a!, b!);
    await expect(runExperiment(options('adopted'))).rejects.toThrow(
      /avg3-seed1.json: expected the result of .*avg3-seed1\/model.onnx, found one of another model .*; delete it/,
    );
  });
});

it('a training that diverges is marked, and the others go on', async () => {
  const wild = join(folder, 'wild.yaml');
  writeFileSync(
    wild,
    experimentText(`rows:
  - { name: wild, network: resnet18, stem: conv, training: { maxRate: 1.0e+30 } }
  - { name: other, network: resnet18, stem: avg3, baseline: wild }
training: { width: 2 }
evaluation: { corruptions: [fog], severities: [5] }
figures: false
report: false
`),
  );
  const run = await runExperiment(options('wild', { experiment: wild }));
  expect(run.status).toBe('failed');
  expect(stages(run)).toEqual([
    ['wild-seed1', 'failed', 'skipped'],
    ['other-seed1', 'done', 'done'],
  ]);
  expect(run.states[0]!.training.reason).toMatch(/^diverged at step \d+: /);
  const tried: string[] = [];
  const again = await runExperiment(options('wild', { experiment: wild }), {
    onEvent: (event) => event.kind === 'stage' && tried.push(event.state.name),
  });
  expect([again.status, tried, stages(again)]).toEqual(['failed', [], stages(run)]);
});
