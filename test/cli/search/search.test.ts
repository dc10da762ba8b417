import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { openRun } from '../../../src/run/run.ts';
import { type Finished, inProcess, start } from '../command.ts';

let folder: string;
let out: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-cli-search-'));
  out = join(folder, 'search');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Four trials of a network as small as can be, an epoch of 64 digits each. */
function small(...more: string[]): string[] {
  const network = ['--width', '2', '--stem', 'pushpull'];
  const recipe = ['--epochs', '1', '--limit', '64', '--threads', '1', '--workers', '1'];
  return ['search', '--data', 'mnist', ...network, ...recipe, '--lr', '0.1,0.2', '--batch', '32,64', ...more];
}

describe('pushpull search', () => {
  let stopped: Finished;
  let printed: { stdout: string; stderr: string };
  beforeAll(async () => {
    const command = start([...small(), '--out', out]);
    await command.untilPrinted(/^ +1\/4 /m);
    command.process.kill('SIGINT');
    stopped = await command.finished;
    printed = await inProcess(...small(), '--out', out, '--resume');
  });

  it('shows what is searched, and a row a trial', () => {
    const { stderr } = stopped;
    expect(stderr).toMatch(/model +resnet18 cifar, width 2, push-pull avg3: [\d,]+ parameters/);
    expect(stderr).toMatch(
      /data +MNIST \(part\): 64 training images and 64 held out for validation, 10 classes/,
    );
    expect(stderr).toMatch(/recipe +mnist: 1 epoch, momentum 0.95 to 0.85 and back/);
    expect(stderr).toMatch(/grid +max lr 0\.1, 0\.2\n +weight decay 1e-5\n +batch 32, 64\n/);
    expect(stderr).toMatch(/trials +4 settings, seed 0/);
    const rows = stderr.split('\n');
    const head = rows.findIndex((line) => /^ +trial +max lr +decay +batch +seed +val\. error/.test(line));
    expect(rows[head + 1]).toMatch(/^ +1\/4 +0\.1 +1e-5 +32 +0 +\d+\.\d % +\d\.\d{4} +\d\.\d{4} +\d+ s$/);
    expect(rows[head + 1]).toHaveLength(rows[head].length);
    expect(Math.max(...rows.map(({ length }) => length))).toBeLessThanOrEqual(100 + out.length);
  });

  it('stops cleanly at Ctrl-C and says how to go on', () => {
    expect(stopped.status).toBe(130);
    expect(stopped.stdout).toBe('');
    expect(stopped.stderr).toMatch(/stopping after this step/);
    expect(stopped.stderr).toMatch(
      /stopped and saved: [1-3] of 4 trials done\. Go on with: pushpull search --out/,
    );
  });

  it('goes on with the same command, and ends with the best setting as a command', () => {
    expect(printed.stderr).toMatch(/continued +[1-3] of 4 trials were done before/);
    expect(printed.stderr).not.toMatch(/^ +1\/4 /m);
    const lines = printed.stdout.split('\n');
    expect(lines[1]).toMatch(/^max lr +decay +batch +val\. error +loss +train +time$/);
    const errors = lines.slice(2, 6).map((line) => Number(/([\d.]+) %/.exec(line)?.[1]));
    expect(errors).toEqual([...errors].sort((a, b) => a - b));
    expect(lines.filter((line) => line.includes('←') && !line.startsWith('←'))).toEqual([lines[2]]);
    const [lr, , batch] = lines[2].trim().split(/ +/);
    expect(printed.stdout.replaceAll(/ \\\n +/g, ' ')).toContain(
      'pushpull train --data mnist --model resnet18 --width 2 --stem pushpull --avg 3 --alpha trainable --preset mnist ' +
        `--epochs 1 --batch ${batch} --max-lr ${lr} --weight-decay 1e-5 --seed 0 --out runs/search`,
    );
    expect(lines.at(-1)).toBe(`results: ${join(out, 'results.csv')}`);
  });

  it('leaves a run a trial, and a table that others can read', async () => {
    const names = [
      'lr0.1-wd1e-5-b32-s0',
      'lr0.1-wd1e-5-b64-s0',
      'lr0.2-wd1e-5-b32-s0',
      'lr0.2-wd1e-5-b64-s0',
    ];
    expect(readdirSync(join(out, 'trials')).sort()).toEqual(names);
    const { config, model } = await openRun(join(out, 'trials', names[3]));
    expect(config.data).toMatchObject({ validation: 0.1, limit: 64, trainImages: 64, testImages: 64 });
    expect(config.recipe).toMatchObject({
      batchSize: 64,
      weightDecay: 1e-5,
      rates: { initial: 0.005, max: 0.2 },
    });
    expect(model).toBeDefined();
    const csv = readFileSync(join(out, 'results.csv'), 'utf8').trimEnd().split('\n');
    expect(csv.slice(1).map((line) => line.split(',')[0])).toEqual(names);
  });

  it('takes no other settings when it goes on', async () => {
    const resume = (...words: string[]) => inProcess('search', '--out', out, '--resume', ...words);
    await expect(resume('--epochs', '2')).rejects.toThrow(
      /^--epochs: a resumed search keeps the settings it was started with/,
    );
    await expect(resume('--batch', '128')).rejects.toThrow(/^--batch 128: the search was begun with 32,64;/);
    await expect(inProcess(...small('--epochs', '2'), '--out', out, '--resume')).rejects.toThrow(
      /^--resume: the search was begun with recipe\.epochs 1, now it would be 2/,
    );
    await expect(inProcess(...small(), '--out', out)).rejects.toThrow(
      /already holds a search\. Continue it with --resume/,
    );
    const again = await resume('--lr', '0.2,0.1');
    expect(again.stdout).toContain('val. error');
  });
});

describe('bad input', () => {
  it.each([
    [['--lr', '0.1,x'], '--lr: expected a number above 0, found "x"'],
    [['--lr', '0.1,,0.2'], '--lr: expected a number above 0, found ""'],
    [['--lr', '0.1,0.1'], '--lr: expected different values, found 0.1 twice'],
    [['--weight-decay', '-1'], '--weight-decay: expected a number above 0, or 0, found "-1"'],
    [['--batch', '8,0'], '--batch: expected a whole number from 1 to 65536, found "0"'],
    [['--seeds', '1,1.5'], '--seeds: expected a whole number, 0 or more, found "1.5"'],
    [['--trials', '0'], '--trials: expected a whole number, 1 or more, found "0"'],
    [['--validation', '1'], '--validation: expected a share between 0 and 1 such as 0.1 or 10%, found "1"'],
    [['--model', 'vgg'], '--model vgg: expected one of resnet18'],
    [['--avg', '4'], '--avg: expected 0 (no pooling) or an odd size'],
    [['--data', '/nowhere'], '/nowhere'],
  ])('%j', async (words, message) => {
    const bad = join(folder, 'bad');
    const failed = inProcess(...small(...words), '--out', bad);
    await expect(failed).rejects.toThrow(UserError);
    await expect(failed).rejects.toThrow(message);
    expect(existsSync(bad)).toBe(false);
  });

  it('no data, or no search to resume', async () => {
    await expect(inProcess('search')).rejects.toThrow('--data: say what to train on');
    await expect(inProcess('search', '--resume')).rejects.toThrow(
      '--resume: name the folder of the search with --out DIR',
    );
    await expect(inProcess('search', '--resume', '--out', '/nowhere')).rejects.toThrow(
      /^\/nowhere: expected the folder of a search, but it has no search\.json/,
    );
  });
});
