import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatResult } from '../../src/evaluate/result/result.ts';
import { writeConvClassifier } from '../evaluate/conv-classifier.ts';
import { syntheticAvg3, syntheticResult } from '../report/synthetic.ts';
import { pushpull as command, inProcess } from './command.ts';

let folder: string;
let model: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-cli-inspect-'));
  model = path.join(folder, 'net.onnx');
  await writeConvClassifier(model);
});
afterAll(() => rm(folder, { recursive: true }));

const pushpull = (...words: string[]) => inProcess('inspect', ...words);

describe('pushpull inspect', () => {
  it('writes the figures that are asked for, and prints what they are about', async () => {
    const out = path.join(folder, 'figures');
    const words = [
      '--figures',
      '3,5',
      '--format',
      'svg',
      '--alpha',
      '.5,1',
      '--avg',
      '0,3',
      '--mean',
      '.5',
      '--std',
      '.25',
    ];
    const { stdout, stderr } = await pushpull(model, '--out', out, ...words);
    expect((await readdir(out)).sort()).toEqual([
      'figure-3-kernels.svg',
      'figure-5-profiles.svg',
      'figure-5-spectra.svg',
      'inspect.json',
    ]);
    expect(stdout).toMatch(
      /^model {6}net\nlayer {6}Conv, convolution, 4 filters 3×3×3, stride 1\nassumed {4}alpha 0.5, avg3\n/,
    );
    expect(stdout).toMatch(/edge SNR {3}filter \d: push -?\d+\.\d dB, push-pull -?\d+\.\d dB\n/);
    expect(stdout).toMatch(/figures: 4 files in .*figures$/);
    // Mean and deviation were given, so nothing is taken for granted about them.
    expect(stderr).not.toMatch(/normalised/);
    const { edge } = JSON.parse(await readFile(path.join(out, 'inspect.json'), 'utf8'));
    expect(edge.normalization).toEqual({ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] });
    expect(edge.grid).toHaveLength(4);
  });

  it('gives each of several models a folder', async () => {
    const other = path.join(folder, 'other', 'net.onnx');
    await rm(path.dirname(other), { recursive: true, force: true });
    await import('node:fs/promises').then(({ mkdir }) => mkdir(path.dirname(other)));
    await writeConvClassifier(other, { stride: 2 });
    const out = path.join(folder, 'several');
    await pushpull(model, other, '--out', out, '--figures', '3', '--format', 'svg');
    expect((await readdir(out)).sort()).toEqual(['net', 'net-2']);
  });

  it('compares results', async () => {
    const files = [syntheticResult(), syntheticAvg3()].map((result, i) => {
      const file = path.join(folder, `${i}.json`);
      return writeFile(file, formatResult(result)).then(() => file);
    });
    const out = path.join(folder, 'compared');
    const { stdout } = await pushpull(
      '--results',
      ...(await Promise.all(files)),
      '--out',
      out,
      '--format',
      'svg',
    );
    expect((await readdir(out)).sort()).toEqual([
      'figure-7-errors.svg',
      'figure-8-gain.svg',
      'severity-by-corruption.svg',
      'severity.svg',
    ]);
    expect(stdout).toMatch(/^figures: 4 files in/);
  });

  it.each([
    [[], 'inspect: expected an ONNX file, the folder of a run, or --results FILE…, found none of them'],
    [
      ['net.onnx', '--figures', '7'],
      '--figures: expected 3, 4, 5, 6 or 9, with commas, found "7"; figure 7 is made of results',
    ],
    [['net.onnx', '--alpha', 'much'], '--alpha: expected numbers with commas such as .5,1,2, found "much"'],
    [['net.onnx', '--avg', '2'], '--avg: expected 0 (no pooling) or an odd size such as 3 or 5, found "2"'],
    [
      ['net.onnx', '--image', 'a.png', '--data', 'mnist'],
      '--image and --data both give the image of figure 9',
    ],
    [['net.onnx', '--baseline', 'a.json'], '--baseline: is for figures of results'],
  ])('says what is wrong with %j', async (words, message) => {
    await expect(pushpull(...words, '--out', path.join(folder, 'never'))).rejects.toThrow(message);
  });

  it('exits with 2 and one line for a model that does not begin with a convolution', async () => {
    const file = path.join(folder, 'text.onnx');
    await writeFile(file, 'no model');
    const out = path.join(folder, 'never');
    const { status, stderr, stdout } = await command('inspect', file, '--out', out);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.trim().split('\n')).toHaveLength(1);
    await expect(readdir(out)).rejects.toThrow();
  }, 60_000);
});
