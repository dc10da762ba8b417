import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { readModelCard } from '../../../src/models/card.ts';
import { loadCheckpoint } from '../../../src/run/checkpoint.ts';
import { openRun, runPaths } from '../../../src/run/run.ts';
import { type Finished, inProcess, pushpull, start, writePictures } from '../command.ts';

let folder: string;
let pictures: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-cli-train-'));
  pictures = join(folder, 'pictures');
  await writePictures(pictures, { train: 12, test: 5 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A push-pull network as small as can be: 36 + 15 images, 5 steps an epoch. */
function small(out: string, ...more: string[]): string[] {
  const network = ['--width', '2', '--stem', 'pushpull', '--avg', '3'];
  const recipe = ['--epochs', '3', '--batch', '8', '--seed', '4', '--threads', '1', '--workers', '1'];
  return ['train', '--data', pictures, ...network, ...recipe, '--out', join(folder, out), ...more];
}

describe('pushpull train', () => {
  let straight: Finished;
  beforeAll(async () => {
    straight = await pushpull(...small('straight'));
  });

  it('varies the training images as asked, and stores how', async () => {
    const one = ['--epochs', '1', '--limit', '12', '--augment', 'autoaugment'];
    const { stderr } = await inProcess(...small('augmented', ...one));
    expect(stderr).toMatch(/images +autoaugment-cifar10, random 32×32 crop of the image padded by 4, flip/);
    const { config } = await openRun(join(folder, 'augmented'));
    expect(config.trainingImages.augment).toBe('autoaugment-cifar10');
    const consistent = small(
      'consistent',
      '--epochs',
      '1',
      '--limit',
      '12',
      '--augment',
      'augmix',
      '--jsd',
      '12',
    );
    expect((await inProcess(...consistent)).stderr).toMatch(/weight decay 1e-5, consistency loss × 12/);
    expect((await openRun(join(folder, 'consistent'))).config.recipe.jsd).toBe(12);
    await expect(inProcess(...small('unvaried', '--jsd', '12'))).rejects.toThrow(
      /^--jsd: expected --augment augmix with it, found none; add that, or leave --jsd out$/,
    );
    await expect(inProcess(...small('cutout', '--augment', 'cutout'))).rejects.toThrow(
      /^--augment: expected autoaugment or prime or none or .* or prime-imagenet, found "cutout"$/,
    );
  });

  it('shows the settings and a row an epoch, and leaves a run', async () => {
    expect(straight.status).toBe(0);
    expect(straight.stdout).toBe(`model: ${join(folder, 'straight', 'model.onnx')}\n`);
    expect(straight.stderr).toMatch(/model +resnet18 cifar, width 2, push-pull avg3: [\d,]+ parameters/);
    expect(straight.stderr).toMatch(/data +.*: 36 \+ 15 images, 3 classes/);
    expect(straight.stderr).toMatch(/recipe +small: 3 epochs of 5 steps, batch 8/);
    expect(straight.stderr).toMatch(/^ +1\/3 +\d\.\d{4} +\d+\.\d{4} +\d+\.\d % +0\.0 % /m);
    expect(straight.stderr).toMatch(/test error +top-1 \d+\.\d %, top-5 0\.0 % of 15 images/);
    expect(straight.stderr).toMatch(/\d+\.\d % in JavaScript beside the step, \d+\.\d % waiting for images/);

    const run = await openRun(join(folder, 'straight'));
    expect(run.log).toHaveLength(3);
    expect(run.config).toMatchObject({
      seed: 4,
      preset: 'small',
      data: { spec: pictures, classes: ['blue', 'green', 'red'] },
    });
    expect(run.config.preprocessing).toMatchObject({ width: 32, height: 32, resize: null });
    expect(readModelCard(readFileSync(run.model!))?.classes).toEqual(['blue', 'green', 'red']);
    expect(readdirSync(join(folder, 'straight')).sort()).toEqual([
      'checkpoints',
      'config.json',
      'log.jsonl',
      'model.onnx',
    ]);
  });

  it('scores on held-out training images where it is told to, and says so', async () => {
    const held = await pushpull(...small('held', '--validation', '0.25', '--epochs', '1'));
    expect(held.status).toBe(0);
    expect(held.stderr).toMatch(/data +.*: 27 training images and 9 held out for validation, 3 classes/);
    expect(held.stderr).toMatch(/^ +epoch +train loss +val\. loss /m);
    expect(held.stderr).toMatch(/^validation +error top-1 \d+\.\d %, top-5 0\.0 % of 9 images$/m);
    expect(held.stderr).not.toMatch(/test (loss|error)/);
    const { config, model } = await openRun(join(folder, 'held'));
    expect(config.data).toMatchObject({ validation: 0.25, trainImages: 27, testImages: 9 });
    expect(readModelCard(readFileSync(model!))?.training).toMatchObject({ data: { validation: 0.25 } });
  });

  it('stops cleanly at Ctrl-C and resumes to the same bits', async () => {
    const out = join(folder, 'stopped');
    const command = start(small('stopped'));
    await command.untilPrinted(/^ +1\/3 /m);
    command.process.kill('SIGINT');
    const stopped = await command.finished;
    expect(stopped.status).toBe(130);
    expect(stopped.stderr).toMatch(/stopping after this step/);
    expect(stopped.stderr).toContain(`stopped and saved. Go on with: pushpull train --out ${out} --resume`);
    expect(existsSync(join(out, 'model.onnx'))).toBe(false);

    const resumed = await pushpull(...small('stopped'), '--resume');
    expect(resumed.status).toBe(0);
    expect(resumed.stderr).toMatch(/resumed +at step \d+: epoch [23] of 3/);
    const [a, b] = await Promise.all(
      ['straight', 'stopped'].map((name) => loadCheckpoint(runPaths(join(folder, name)).checkpoint)),
    );
    expect(b.weights).toEqual(a.weights);
    expect(b.momentum).toEqual(a.momentum);
    expect(b.state.history.map(({ train, test }) => [train, test])).toEqual(
      a.state.history.map(({ train, test }) => [train, test]),
    );
  });

  it('does not write over a finished run, and resuming one is no mistake', async () => {
    await expect(inProcess(...small('straight'))).rejects.toThrow(/already holds a training run.*--resume/);
    const before = readFileSync(join(folder, 'straight', 'model.onnx'));
    await inProcess(
      'train',
      '--out',
      join(folder, 'straight'),
      '--resume',
      '--threads',
      '1',
      '--workers',
      '1',
    );
    expect(readFileSync(join(folder, 'straight', 'model.onnx')).equals(before)).toBe(true);
  });

  it.skipIf(process.platform === 'win32')(
    'on a full disk keeps what is whole and says so in one line',
    async () => {
      // No file may grow beyond 24 KB: the configuration fits, the weights do not (nor would what tsx keeps).
      const prefix = ['bash', '-c', 'ulimit -f 24 && exec "$@"', 'limited'];
      const full = await start(small('full'), { prefix, env: { TSX_DISABLE_CACHE: '1' } }).finished;
      expect(full.status).toBe(2);
      expect(full.stderr).toMatch(
        /error: .*checkpoints\/last: the checkpoint could not be written \(it would be larger than .*free some disk space/,
      );
      expect(readdirSync(join(folder, 'full', 'checkpoints'))).toEqual([]);
      expect(existsSync(join(folder, 'full', 'model.onnx'))).toBe(false);
    },
  );
});

describe('bad input', () => {
  it.each([
    [['--stem', 'push'], '--stem: expected conv or pushpull or pushpull2020, found "push"'],
    [['--avg', '4'], '--avg: expected 0 (no pooling) or an odd size such as 3 or 5, found "4"'],
    [['--alpha', 'learned'], '--alpha: expected trainable or a number such as 1, found "learned"'],
    [['--epochs', '0'], '--epochs: expected a whole number from 1 to 1000000, found "0"'],
    [['--batch', '1.5'], '--batch: expected a whole number from 1 to 65536, found "1.5"'],
    [['--validation', '1'], '--validation: expected a share between 0 and 1 such as 0.1 or 10%, found "1"'],
    [['--validation', '0.01'], '--validation 0.01: leaves no image of 36 training images to validate on'],
    [
      ['--data', 'imagenet-c:x'],
      'imagenet-c:x: expected images to train on or to corrupt, found a corrupted set',
    ],
    [['--data', 'npy:x'], 'npy:x: expected train images, found a pair of npy files, which are test images'],
    [['--limit', '-3'], '--limit: expected a whole number, 1 or more, found "-3"'],
    [['--limit', 'train=9,train=3'], '--limit: expected a whole number, or one for each split such as'],
    [['--limit', 'test=0'], 'train=5000,test=1000, found "test=0"'],
    [['--seed', 'x'], '--seed: expected a whole number, 0 or more, found "x"'],
    [['--max-lr', '0'], '--max-lr: expected a number above 0, found "0"'],
    [['--momentum', '1'], '--momentum: expected cycle or a number from 0 to below 1, found "1"'],
    [['--device', 'gpu'], '--device: expected cpu or webgpu or cuda, found "gpu"'],
    [['--preset', 'best'], '--preset: expected cifar10 or imagenet100 or'],
    [['--model', 'vgg'], '--model vgg: expected one of resnet18'],
    [['--data', '/nowhere'], '/nowhere'],
  ])('%j', async (words, message) => {
    await expect(inProcess(...small('bad', ...words))).rejects.toThrow(UserError);
    await expect(inProcess(...small('bad', ...words))).rejects.toThrow(message);
    expect(existsSync(join(folder, 'bad'))).toBe(false);
  });

  it('no data, or no run to resume', async () => {
    await expect(inProcess('train')).rejects.toThrow('--data: say what to train on');
    await expect(inProcess('train', '--resume')).rejects.toThrow(
      '--resume: name the folder of the run with --out DIR',
    );
    await expect(inProcess('train', '--resume', '--out', '/nowhere')).rejects.toThrow(
      /^\/nowhere: expected the folder of a training run/,
    );
    const begun = ['train', '--resume', '--out', join(folder, 'straight')];
    await expect(inProcess(...begun, '--epochs', '9')).rejects.toThrow(
      /^--epochs \d+: a resumed run keeps the settings/,
    );
  });

  it('splits with other classes', async () => {
    const odd = join(folder, 'odd');
    await writePictures(odd, { train: 2, test: 2 }, ['blue', 'red']);
    mkdirSync(join(odd, 'test', 'green'));
    writeFileSync(join(odd, 'test', 'green', '0.png'), readFileSync(join(odd, 'test', 'red', '000.png')));
    await expect(inProcess(...small('bad', '--data', odd))).rejects.toThrow(/odd: .*green/);
    expect(existsSync(join(folder, 'bad'))).toBe(false);
  });

  it('an image that is cut off is left out, named and counted', async () => {
    const broken = join(folder, 'broken');
    await writePictures(broken, { train: 4, test: 2 });
    const file = join(broken, 'train', 'red', '001.png');
    writeFileSync(file, readFileSync(file).subarray(0, 900));
    const { status, stderr } = await pushpull(...small('skipping', '--data', broken, '--epochs', '2'));
    expect(status).toBe(0);
    expect(stderr).toMatch(/skipped .*train\/red\/001\.png/);
    expect(stderr.match(/^skipped/gm)).toHaveLength(1);
    const list = join(folder, 'skipping', 'bad-images.tsv');
    expect(stderr).toContain(`left out    1 image that could not be read, listed in ${list}`);
    expect(stderr).toMatch(/^ +\S*train\/red\/001\.png: its PNG data ends too early$/m);
    expect(readFileSync(list, 'utf8')).toBe(`path\treason\n${file}\tits PNG data ends too early\n`);
    const { log } = await openRun(join(folder, 'skipping'));
    expect(log.map(({ badImages, train }) => [badImages, train.images])).toEqual([
      [1, 11],
      [1, 11],
    ]);
  });

  it('too many images that cannot be read', async () => {
    const many = join(folder, 'many');
    await writePictures(many, { train: 4, test: 2 });
    for (const name of ['000', '001']) writeFileSync(join(many, 'train', 'red', `${name}.png`), 'text');
    // A bad test image counts as well.
    writeFileSync(join(many, 'test', 'red', '000.png'), '');
    const run = small('stopping', '--data', many, '--epochs', '1', '--max-bad', '2');
    await expect(inProcess(...run)).rejects.toThrow(
      /many: expected at most 2 of 18 images that cannot be read \(--max-bad\), found 3: \S+red.00[01].png \(it is in no image format that is known\), .*\(the file is empty\); \S+bad-images.tsv lists them; mend or remove them/,
    );
    const list = readFileSync(join(folder, 'stopping', 'bad-images.tsv'), 'utf8');
    expect(list.trim().split('\n')).toHaveLength(4);
    const resumed = ['train', '--resume', '--out', join(folder, 'stopping'), '--max-bad', '3'];
    // Nothing was saved, so it begins anew, with the same settings.
    await inProcess(...resumed, '--threads', '1', '--workers', '1');
    expect((await openRun(join(folder, 'stopping'))).log).toHaveLength(1);
  });

  it('a damaged checkpoint is named, and nothing is changed', async () => {
    const out = join(folder, 'damaged');
    await inProcess(...small('damaged', '--epochs', '1'));
    const weights = join(out, 'checkpoints', 'last', 'weights.safetensors');
    const bytes = readFileSync(weights);
    writeFileSync(weights, bytes.subarray(0, bytes.length - 100));
    const resume = inProcess('train', '--resume', '--out', out, '--threads', '1', '--workers', '1');
    await expect(resume).rejects.toThrow(
      /weights\.safetensors: expected a safetensors file, but it is cut off/,
    );
    await expect(inProcess('export', out, '--out', join(folder, 'x.onnx'))).rejects.toThrow(/is cut off/);
    expect(existsSync(join(folder, 'x.onnx'))).toBe(false);
  });

  it('a loss that is no number stops the run', async () => {
    const message =
      /training stopped: .* at step \d+ \(epoch \d+, batch \d+ of 5, learning rate .*There was no checkpoint yet.*--max-lr/;
    await expect(inProcess(...small('nan', '--max-lr', '1e30'))).rejects.toThrow(message);
    expect(readdirSync(join(folder, 'nan')).sort()).toEqual(['config.json', 'log.jsonl']);
  });
});
