import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preprocessingWords } from '../../src/cli/shared/preprocessing.ts';
import type { PreprocessingFlags } from '../../src/evaluate/model/preprocessing.ts';
import { colourModel } from '../evaluate/colours.ts';
import { writeConvClassifier } from '../evaluate/conv-classifier.ts';
import { pushpull as command, inProcess, writePictures } from './command.ts';

let folder: string;
let model: string;
let data: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-cli-retrofit-'));
  model = path.join(folder, 'net.onnx');
  data = path.join(folder, 'pictures');
  await writeConvClassifier(model);
  await writePictures(data, { train: 4, test: 4 });
});
afterAll(() => rm(folder, { recursive: true }));

const PREPROCESSING = ['--mean', '0.5', '--std', '0.25'];

const pushpull = (...words: string[]) => inProcess('retrofit', ...words);

describe('pushpull retrofit', () => {
  it('fits the layer to the data, prints three errors, and says how to go on', async () => {
    const out = path.join(folder, 'fitted.onnx');
    const { stdout, stderr } = await pushpull(
      ...[model, '--data', data, '--out', out, '--alpha', '0.5', '--images', '6', '--workers', '1'],
      ...PREPROCESSING,
    );
    expect(stderr).toMatch(/model +net onnx, \d+ parameters/);
    expect(stderr).toMatch(/layer +Conv, 4 filters 3×3×3, stride 1\n/);
    expect(stderr).toMatch(/becomes +push-pull avg3, alpha 0.5\n/);
    expect(stdout).toMatch(/^error on 12 clean images of pictures, test\n/);
    expect(stdout).toMatch(/\n {2}before +\d+\.\d %\n/);
    expect(stdout).toMatch(
      /\n {2}after +\d+\.\d % {2}scale \(\S+ to \S+\) and shift estimated on 6 training images\n/,
    );
    expect(stdout).toMatch(/\n {2}not estimated +\d+\.\d % {2}scale 1, the convolution's own bias/);
    expect(stdout).toContain(`\nmodel: ${out}\n`);
    expect(stdout).toMatch(
      /next: pushpull evaluate \S+fitted.onnx --data \S+pictures --mean 0.5,0.5,0.5 --std 0.25,0.25,0.25$/,
    );
    for (const line of stdout.split('\n')) {
      if (!line.includes(folder)) expect(line.length).toBeLessThanOrEqual(100);
    }
  });

  it('needs no data, and says what that means', async () => {
    const out = path.join(folder, 'plain.onnx');
    const { stdout, stderr } = await pushpull(model, '--out', out, '--avg', '0');
    expect(stderr).toMatch(/becomes +push-pull without pooling, alpha 1\n/);
    expect(stderr).toMatch(/note: the layer's responses were not fitted to what follows.*pass --data/);
    expect(stdout).toBe(`model: ${out}\nnext: pushpull evaluate ${out} --data DATA`);
  });

  it.each<[string[], RegExp]>([
    [['--avg', '2'], /--avg: expected 0 \(no pooling\) or an odd size such as 3 or 5, found "2"/],
    [
      ['--alpha', 'trainable'],
      /--alpha: expected a number such as 1, found "trainable"; a retrofit trains nothing/,
    ],
    [['--alpha', ''], /--alpha: expected a number such as 1, found ""/],
    [['--images', '5'], /--images: selects images of --data, which is missing/],
    [['--limit', '5'], /--limit: selects images of --data, which is missing/],
    [
      ['--data', 'nowhere', ...PREPROCESSING],
      /nowhere: expected cifar10, mnist, imagenet:PATH, or the path of/,
    ],
    [['--data', 'mnist'], /--mean and --std are missing/],
  ])('refuses %j with one line', async (words, message) => {
    const out = path.join(folder, 'refused.onnx');
    const failure = pushpull(model, '--out', out, ...words);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({ name: 'UserError' });
    await expect(readFile(out)).rejects.toThrow(/ENOENT/);
  });

  it('exits with 2 and leaves nothing behind where there is no convolution to replace', async () => {
    const other = path.join(folder, 'colours.onnx');
    await writeFile(other, colourModel());
    const before = await readdir(folder);
    const { status, stdout, stderr } = await command(
      'retrofit',
      other,
      '--out',
      path.join(folder, 'new', 'x.onnx'),
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^error: \S+colours.onnx: expected one convolution that reads the image/);
    expect(await readdir(folder)).toEqual(before);
  });
});

it('preprocessingWords are the options that were given', () => {
  expect(preprocessingWords({})).toEqual([]);
  const all: PreprocessingFlags = {
    inputSize: { width: 64, height: 64 },
    resize: 72,
    mean: [1, 2, 3],
    scale: '0-255',
    layout: 'NHWC',
    output: 'logits',
  };
  expect(preprocessingWords(all).join(' ')).toBe(
    '--input-size 64 --resize 72 --mean 1,2,3 --scale 0-255 --layout NHWC --output logits',
  );
  expect(preprocessingWords({ inputSize: { width: 64, height: 32 } })).toEqual(['--input-size', '64x32']);
});
