import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { loadCheckpoint } from '../../../src/run/checkpoint.ts';
import { openRun, runPaths } from '../../../src/run/run.ts';
import type { TrialResult } from '../../../src/train/search/results.ts';
import {
  resumeSearch,
  type SearchEvent,
  type SearchRequest,
  type SearchResult,
  startSearch,
} from '../../../src/train/search/search.ts';
import { startRun } from '../../../src/train/start.ts';
import { writePictures } from '../../cli/command.ts';

let folder: string;
let training: SearchRequest['training'];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-search-'));
  const data = join(folder, 'pictures');
  // No test images at all: a search must not miss them.
  await writePictures(data, { train: 10, test: 0 });
  training = {
    data,
    width: 2,
    epochs: 2,
    stem: { kind: 'pushpull', avg: 3, alpha: 'trainable' },
    validation: 0.2,
    workers: 0,
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]) => join(folder, ...parts);
const session = (out: string) => ({ out: at(out), threads: 1 });
const names = ({ results }: SearchResult) => results.map(({ name }) => name);

/** Everything but how long it took. */
const timeless = (results: readonly TrialResult[]) => results.map(({ seconds, ...rest }) => rest);

/** A search that is stopped when an event comes, as Ctrl-C stops it. */
async function stoppedAt(
  out: string,
  request: SearchRequest,
  isLast: (event: SearchEvent) => boolean,
): Promise<SearchResult> {
  const stop = new AbortController();
  return await startSearch(request, {
    ...session(out),
    signal: stop.signal,
    onEvent: (event) => isLast(event) && stop.abort(),
  });
}

describe('a search', () => {
  let straight: SearchResult;
  let request: SearchRequest;
  const first = 'lr0.1-wd1e-5-b8-s3';
  const second = 'lr0.02-wd1e-5-b8-s3';
  beforeAll(async () => {
    request = { training, grid: { maxRate: [0.1, 0.02], batchSize: [8] }, seeds: [3] };
    straight = await startSearch(request, session('straight'));
  });

  it('trains every setting on the part that is not held out, and ranks them', () => {
    expect(straight.status).toBe('finished');
    expect(names(straight)).toEqual([first, second]);
    for (const { outcome, epochs } of straight.results) {
      expect(epochs).toBe(2);
      expect(outcome).toMatchObject({ train: { images: 24 }, validation: { images: 6 } });
    }
    const [best, other] = straight.ranking;
    expect(best.scores!.error.mean).toBeLessThanOrEqual(other.scores!.error.mean);
    expect([best.maxRate, other.maxRate].sort()).toEqual([0.02, 0.1]);
  });

  it('leaves settings, results and a run a trial, each as `pushpull train` would make it', async () => {
    const files = readdirSync(at('straight')).sort();
    expect(files).toEqual(['results.csv', 'results.json', 'search.json', 'trials']);
    const [header, ...rows] = readFileSync(at('straight', 'results.csv'), 'utf8').trimEnd().split('\n');
    expect(header).toBe(
      'trial,max_lr,weight_decay,batch_size,seed,status,epochs,validation_error,validation_top5_error,validation_loss,' +
        'validation_images,train_error,train_loss,diverged_at_step,seconds',
    );
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatch(
      /^lr0\.02-wd1e-5-b8-s3,0\.02,1e-5,8,3,finished,2,\d(\.\d+)?,0,\d\.\d+,6,\d.*,,[\d.]+$/,
    );

    const recipe = { maxRate: 0.02, weightDecay: 1e-5, batchSize: 8, seed: 3 };
    await startRun({ ...training, ...recipe }, session('alone'));
    const [alone, trial] = [at('alone'), at('straight', 'trials', second)];
    expect((await openRun(trial)).config).toEqual((await openRun(alone)).config);
    expect(await weights(trial)).toEqual(await weights(alone));
    const [a, b] = [alone, trial].map((run) => readFileSync(runPaths(run).model));
    expect(a.equals(b)).toBe(true);
  });

  it.each([
    ['between two trials', (event: SearchEvent) => event.kind === 'result'],
    [
      'in the second epoch of the second trial',
      (event: SearchEvent) =>
        event.kind === 'training' &&
        event.trial.name === second &&
        event.event.kind === 'step' &&
        event.event.epoch === 2,
    ],
  ])('that is stopped %s goes on to the same bits', async (text, isLast) => {
    const out = `stopped ${text}`;
    const stopped = await stoppedAt(out, request, isLast);
    expect(stopped.status).toBe('interrupted');
    expect(names(stopped)).toEqual([first]);
    const events: SearchEvent[] = [];
    const resumed = await resumeSearch({ ...session(out), onEvent: (event) => events.push(event) }, request);
    expect(resumed.status).toBe('finished');
    expect(events[0]).toMatchObject({ kind: 'start', results: [{ name: first }] });
    expect(events.filter(({ kind }) => kind === 'result')).toHaveLength(1);
    expect(timeless(resumed.results)).toEqual(timeless(straight.results));
    for (const name of names(straight)) {
      expect(await weights(at(out, 'trials', name))).toEqual(await weights(at('straight', 'trials', name)));
    }
  });

  it('finds the trials that a killed search could not note', async () => {
    const file = at('straight', 'results.json');
    const before = JSON.parse(readFileSync(file, 'utf8'));
    rmSync(file);
    const events: SearchEvent[] = [];
    const again = await resumeSearch({ ...session('straight'), onEvent: (event) => events.push(event) });
    expect(events.map(({ kind }) => kind)).toEqual(['start']);
    expect(again.results).toEqual(straight.results);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(before);
  });

  it('takes new values when it goes on, and keeps what is done', async () => {
    const events: SearchEvent[] = [];
    const extended = await resumeSearch(
      { ...session('straight'), onEvent: (event) => events.push(event) },
      { grid: { maxRate: [0.02, 0.05, 0.1] } },
    );
    const trained = events.flatMap((event) => (event.kind === 'trial' ? [event.trial.name] : []));
    expect(trained).toEqual(['lr0.05-wd1e-5-b8-s3']);
    expect(names(extended)).toEqual([second, 'lr0.05-wd1e-5-b8-s3', first]);
    const kept = straight.results.map(({ name }) => extended.results.find((result) => result.name === name));
    expect(kept).toEqual(straight.results);
  });

  it('refuses what could not be compared', async () => {
    const resume = (changes: Parameters<typeof resumeSearch>[1]) =>
      resumeSearch(session('straight'), changes);
    const before = readFileSync(at('straight', 'search.json'), 'utf8');
    await expect(resume({ grid: { batchSize: [16] } })).rejects.toThrow(
      '--batch 16: the search was begun with 8; values may be added when it goes on, but 8 cannot be left out.',
    );
    await expect(resume({ seeds: [1] })).rejects.toThrow(
      /^--seeds 1: the search was begun with .*but 3 cannot/,
    );
    await expect(resume({ trials: 1 })).rejects.toThrow(
      '--trials: the search tries all 3 settings of its grid',
    );
    await expect(resume({ training: { ...training, epochs: 3 } })).rejects.toThrow(
      '--resume: the search was begun with recipe.epochs 2, now it would be 3; its trials could not be compared.',
    );
    await expect(resume({ training: { ...training, validation: 0.3 } })).rejects.toThrow(
      'begun with data.validation 0.2, now it would be 0.3',
    );
    expect(readFileSync(at('straight', 'search.json'), 'utf8')).toBe(before);
    await expect(startSearch(request, session('straight'))).rejects.toThrow(
      /already holds a search\. Continue it with --resume/,
    );
    await expect(startSearch(request, session('alone'))).rejects.toThrow(
      /holds a training run\. Choose another/,
    );
    await expect(resumeSearch(session('alone'))).rejects.toThrow(/alone: expected the folder of a search/);
  });

  it('refuses a trial whose settings were changed by hand', async () => {
    const { config } = runPaths(at('straight', 'trials', 'lr0.05-wd1e-5-b8-s3'));
    const text = readFileSync(config, 'utf8');
    writeFileSync(config, text.replace('"padding": 4', '"padding": 2'));
    await expect(resumeSearch(session('straight'))).rejects.toThrow(
      /lr0\.05-wd1e-5-b8-s3: expected a run with trainingImages\.padding 4, found one with 2\. Restore its config/,
    );
    writeFileSync(config, text);
  });

  it.each([
    [
      'search.json',
      '{"schema":"pushpull.search/9"}',
      /search\.json: expected the schema 'pushpull\.search\/1', found/,
    ],
    ['search.json', '{', /search\.json: it is no JSON/],
    ['results.json', '{"schema":"pushpull.search-results/1"}', /results\.json: the entry 'trials' is wrong/],
  ])('refuses a damaged %s', async (name, content, message) => {
    const file = at('straight', name);
    const text = readFileSync(file);
    writeFileSync(file, content);
    const failed = resumeSearch(session('straight'));
    await expect(failed).rejects.toThrow(UserError);
    await expect(failed).rejects.toThrow(message);
    writeFileSync(file, text);
  });
});

describe('a trial that diverges', () => {
  const grid = { maxRate: [1e30, 0.1], batchSize: [8] };

  it('is a result, kept when the search goes on', async () => {
    const request = { training: { ...training, epochs: 1 }, grid };
    const result = await startSearch(request, session('diverging'));
    expect(result.status).toBe('finished');
    expect(result.results[0]).toMatchObject({
      name: 'lr1e+30-wd1e-5-b8-s0',
      epochs: 0,
      outcome: { status: 'diverged', epoch: 1, reason: expect.stringMatching(/./) },
    });
    const { outcome } = result.results[0];
    expect(outcome.status === 'diverged' && outcome.step).toBeGreaterThan(0);
    expect(
      result.ranking.map(({ maxRate, diverged, scores }) => [maxRate, diverged, scores === null]),
    ).toEqual([
      [0.1, 0, false],
      [1e30, 1, true],
    ]);
    const csv = readFileSync(at('diverging', 'results.csv'), 'utf8').split('\n');
    expect(csv[1]).toMatch(/^lr1e\+30-wd1e-5-b8-s0,1e\+30,1e-5,8,0,diverged,0,,,,,,,\d+,0$/);

    const events: SearchEvent[] = [];
    const again = await resumeSearch({ ...session('diverging'), onEvent: (event) => events.push(event) });
    expect(events.map(({ kind }) => kind)).toEqual(['start']);
    expect(again.results).toEqual(result.results);
  });
});

it('leaves nothing behind when it is refused', async () => {
  const wrong = startSearch({ training, grid: { maxRate: [0.1, 0] } }, session('wrong'));
  await expect(wrong).rejects.toThrow('--lr: expected numbers above 0, found 0');
  expect(existsSync(at('wrong'))).toBe(false);
});

async function weights(run: string) {
  const { weights: tensors, momentum } = await loadCheckpoint(runPaths(run).checkpoint);
  return { tensors, momentum };
}
