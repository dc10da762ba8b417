import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { experimentTable } from '../../../src/cli/experiment/table.ts';
import { duration } from '../../../src/cli/shared/progress.ts';
import { UserError } from '../../../src/errors.ts';
import { type ExperimentPlan, planExperiment } from '../../../src/experiment/plan.ts';
import { parseScale } from '../../../src/experiment/scale.ts';
import { initialStates, type RunState } from '../../../src/experiment/state.ts';
import { SMALL } from '../../experiment/file.ts';
import { inProcess, start } from '../command.ts';

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-cli-experiment-'));
  file = join(folder, 'digits.yaml');
  writeFileSync(file, SMALL);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const small = (...more: string[]) => [
  'experiment',
  file,
  '--scale',
  'train=640,test=10',
  '--threads',
  '1',
  '--workers',
  '1',
  ...more,
];

describe('pushpull experiment', () => {
  it('lists what comes along', async () => {
    const { stdout } = await inProcess('experiment');
    const lines = stdout.split('\n');
    expect(lines.filter((line) => line.startsWith('table'))).toHaveLength(8);
    expect(lines[0]).toMatch(/^table1-cifar10 {7}Table 1 on CIFAR-10: .* \(6 rows\)$/);
  });

  it('prints a plan with its cost, and writes nothing', async () => {
    const before = readdirSync(folder);
    const { stdout, stderr } = await inProcess(
      ...small('--dry-run', '--seeds', '1,2', '--seeds', '*conv=7', '--jobs', '2'),
      ...['--cache', join(folder, 'cache')],
    );
    const lines = stdout.split('\n');
    expect(lines[0]).toBe('Digits');
    expect(lines[1]).toBe(
      'scaled down: 640 training images instead of 9,000, 10 test images instead of 1,500',
    );
    expect(lines.slice(3).map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['row', 'compared with', 'width', 'parameters', 'epochs × images', 'seeds', 'there already'],
      ['resnet18-conv', '2', expect.stringMatching(/^[\d,]+$/), '2 × 640', '7'],
      ['resnet18-avg3', 'resnet18-conv', '2', expect.stringMatching(/^[\d,]+$/), '2 × 640', '1, 2'],
      [''],
    ]);
    expect(stderr).toMatch(/trainings +3 of 3 to do: 3,840 images to train on/);
    expect(stderr).toMatch(/evaluations +3 of 3 to do: 5 cells × 10 images of mnist each/);
    expect(stderr).toMatch(/machine +cpu, 2 jobs of 1 thread/);
    // A busy machine may find no rate in time, which is an answer too; measure.test.ts has the rest.
    expect(stderr).toMatch(
      /time +(about \d+ (s|min|h).* of training, .* of evaluation, shared by 2 jobs; reckoned from a few seconds|not known: no rate was found within 20 s)/,
    );
    expect(readdirSync(folder).filter((name) => name !== 'cache')).toEqual(before);
  });

  it('stops cleanly at Ctrl-C, and the same command goes on', async () => {
    const out = join(folder, 'out');
    const words = small('--out', out, '--only', '*conv');
    const command = start(words);
    await command.untilPrinted(/resnet18-conv-seed1: training begun/);
    command.process.kill('SIGINT');
    const stopped = await command.finished;
    expect(stopped.status).toBe(130);
    expect(stopped.stderr).toMatch(/^Digits\nscaled down: 640 training images instead of 9,000/);
    expect(stopped.stderr).toMatch(/stopping: trainings after this step/);
    expect(stopped.stderr).toMatch(/stopped and saved\. The same command goes on\.\n$/);
    expect(existsSync(join(out, 'lock'))).toBe(false);
    const { stdout, stderr } = await inProcess(...words);
    expect(stderr).toMatch(/resnet18-conv-seed1: trained for 2 epochs in \d+ s, error \d+\.\d %/);
    expect(stderr).toMatch(/resnet18-conv-seed1: measured, E \d+\.\d %/);
    expect(stdout).toContain('Table 6. Absolute errors');
    expect(stdout).toContain('Scaled down: 640 training images instead of 9,000');
    expect(stdout).toContain(`in ${out}: tables/`);
    const status = JSON.parse(readFileSync(join(out, 'status.json'), 'utf8'));
    expect(status.runs).toEqual([
      { name: 'resnet18-conv-seed1', training: { stage: 'done' }, evaluation: { stage: 'done' } },
    ]);
  });

  it.each([
    [['--out', 'x', '--scale', '2'], '--scale: expected a factor above 0, up to 1, found "2"'],
    [['--out', 'x', '--only', 'resnet50*'], '--only resnet50*: expected a row of the experiment'],
    [['--out', 'x', '--seeds', '1,1'], '--seeds: expected different seeds, found 1 twice'],
    [['--out', 'x', '--seeds', 'a='], '--seeds: expected a whole number, 0 or more, found ""'],
    [['--out', 'x', '--jobs', '0'], '--jobs: expected a whole number from 1 to 256'],
    [
      ['--out', 'x', '--corrupted', 'imagenet'],
      '--corrupted: expected cifar10-c:PATH, cifar100-c:PATH or imagenet-c:PATH, found "imagenet"',
    ],
    [['--out', 'x', '--data', '/nowhere'], '/nowhere: expected'],
    [[], '--out: say which folder the experiment goes to'],
  ])('%j is refused', async (words, message) => {
    const failed = inProcess('experiment', file, ...words);
    await expect(failed).rejects.toThrow(UserError);
    await expect(failed).rejects.toThrow(message);
    expect(existsSync('x')).toBe(false);
  });
});

describe('the table of runs', () => {
  let plan: ExperimentPlan;
  let states: RunState[];
  beforeAll(async () => {
    const seeds = [{ seeds: [1, 2, 3, 4, 5, 6] }];
    const scale = parseScale('train=640,test=100');
    plan = await planExperiment({ experiment: file, out: join(folder, 'none'), scale, seeds });
    ({ states } = await initialStates(plan));
    // Rows take turns: conv with seed 1, push-pull with seed 1, conv with seed 2, ...
    const [first, , second, , third, , fourth] = states as [RunState, ...RunState[]];
    Object.assign(first.training, { stage: 'done', epoch: 2, progress: 1, error: 0.5, seconds: 10 });
    Object.assign(first.evaluation, { stage: 'done', finished: 5, error: 0.48, mce: 0.6, seconds: 5 });
    Object.assign(second!.training, {
      stage: 'running',
      epoch: 1,
      progress: 0.75,
      error: 0.625,
      remainingSeconds: 65,
    });
    Object.assign(third!.training, { stage: 'failed', diverged: true, reason: 'diverged at step 7: loss' });
    third!.evaluation.stage = 'skipped';
    Object.assign(fourth!.training, { stage: 'done', epoch: 2, progress: 1, error: 0.4 });
    Object.assign(fourth!.evaluation, { stage: 'running', finished: 2, cell: 'fog 1', remainingSeconds: 30 });
  });

  it('shows what is done, running, failed and to come', () => {
    expect(experimentTable(plan, states, { columns: 120 }).slice(0, 11)).toEqual([
      'Digits',
      'scaled down: 640 training images instead of 9,000, 100 test images instead of 1,500',
      '',
      'run                  training                                               evaluation',
      'resnet18-conv-seed1  ✓ 2 epochs  error 50.0 %                               ✓ E 48.0 %  abs. mCE 60.0 %',
      'resnet18-avg3-seed1  · to come                                              · to come',
      'resnet18-conv-seed2  ▸ ━━━━━━━━──  epoch 2/2  error 62.5 %  1 min 5 s left  · to come',
      'resnet18-avg3-seed2  · to come                                              · to come',
      'resnet18-conv-seed3  ✗ diverged at step 7                                   – no network to measure',
      'resnet18-avg3-seed3  · to come                                              · to come',
      'resnet18-conv-seed4  ✓ 2 epochs  error 40.0 %                               ▸ ━━━━──────  2/5  fog 1  30 s left',
    ]);
  });

  it('reckons what is left from what was measured', () => {
    // The seeds of a row take as long as the one that is done, 10 s and 5 s; push-pull so much longer:
    const longer = plan.runs.at(-1)!.multiplyAdds / plan.runs[0]!.multiplyAdds;
    expect(longer).toBeGreaterThan(1);
    const trainings = 65 + 2 * 10 + 6 * 10 * longer;
    const evaluations = 30 + 3 * 5 + 6 * 5 * longer;
    expect(experimentTable(plan, states, { columns: 120 }).at(-1)).toBe(
      `1 of 12 runs done, 2 running, 8 to come, 1 failed, about ${duration(trainings + evaluations)} left`,
    );
  });

  it.each([
    [80, 24],
    [60, 14],
    [200, 10],
  ])('fits %i columns and %i lines, with what runs in sight', (columns, rows) => {
    const lines = experimentTable(plan, states, { columns, rows });
    expect(lines.length).toBeLessThan(rows);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(Math.max(columns, 75));
    expect(lines.join('\n')).toContain('resnet18-conv-seed2');
  });
});
