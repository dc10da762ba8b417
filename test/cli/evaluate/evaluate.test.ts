import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resultTable } from '../../../src/cli/evaluate/table.ts';
import { computeMetrics } from '../../../src/evaluate/result/metrics.ts';
import { colourModel, writeColours } from '../../evaluate/colours.ts';
import { exampleResult } from '../../evaluate/results.ts';
import { inProcess } from '../command.ts';

let folder: string;
let model: string;
let data: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-cli-evaluate-'));
  model = path.join(folder, 'colours.onnx');
  data = path.join(folder, 'colours');
  await writeFile(model, colourModel());
  await writeColours(data, 2);
});
afterAll(() => rm(folder, { recursive: true }));

const pushpull = (...words: string[]) => inProcess('evaluate', ...words);

describe('pushpull evaluate', () => {
  it('prints what it measures on stderr, the table on stdout, and writes the result', async () => {
    const out = path.join(folder, 'result.json');
    const { stdout, stderr } = await pushpull(
      ...[model, '--data', data, '--out', out, '--corruptions', 'contrast,fog', '--severities', '1,5'],
      ...['--mean', '0', '--std', '1', '--workers', '1', '--threads', '1'],
    );
    expect(stderr).toMatch(/model +colours onnx, 9 parameters/);
    expect(stderr).toMatch(/strengths of the cifar set/);
    expect(stderr).toMatch(/5\/5 +contrast 5 +error +\d+\.\d %/);
    expect(stdout).toMatch(/error in % +1 +2 +3 +4 +5 +CE +95 % CI +ECE\n/);
    expect(stdout).toMatch(/clean +top-5 0.0 +\d+\.\d +\[\d+\.\d, \d+\.\d\] +\d+\.\d\n/);
    expect(stdout).toMatch(/fog +\d+\.\d +· +· +· +\d+\.\d/);
    expect(stdout).toMatch(/partial.error +\d+\.\d % +\[\d+\.\d, \d+\.\d\]/);
    expect(stdout).toContain(`result: ${out}`);
    expect(JSON.parse(await readFile(out, 'utf8'))).toMatchObject({
      complete: true,
      schema: 'pushpull.result/1',
    });
  });

  it('tells with --dry-run how the model is understood, and writes nothing', async () => {
    const out = path.join(folder, 'dry.json');
    const { stdout, stderr } = await pushpull(
      ...[model, '--data', data, '--out', out, '--mean', '104,117,123', '--std', '1', '--scale', '0-255'],
      ...['--channels', 'bgr', '--threads', '1', '--dry-run'],
    );
    expect(stderr).toMatch(/input +images, float32 \[N, 3, 16, 16\], NCHW, any number of images at once/);
    expect(stderr).toMatch(/images +16×16 as they are; BGR, mean 0.4078 0.4588 0.4824, std 0.0039/);
    expect(stderr).toMatch(/output +logits, float32, 3 scores an image/);
    expect(stderr).toMatch(/scores +logits: the scores of 6 images are no probabilities/);
    expect(stderr).toMatch(/labels +assumed: the order of the data's classes/);
    expect(stdout).toMatch(
      /^right on \d of 6 sample images:\n {2}[✓✗] blue +(blue|green|red) +\d+\.\d % {2}\S+\.png/,
    );
    await expect(readFile(out)).rejects.toThrow(/ENOENT/);
  });

  it.each([
    [['--corruptions', 'mist'], /--corruptions: expected all, none, a group/],
    [['--severities', '6'], /--severities: expected all, or numbers/],
    [['--limit', '0'], /--limit: expected a whole number, 1 or more, found "0"/],
    [['--set', 'mnist'], /--set: expected cifar or imagenet, found "mnist"/],
    [['--mean', '0.5,0.5'], /--mean: expected one or three numbers such as .*, found "0.5,0.5"/],
    [['--std', '0'], /--std: expected one or three positive numbers/],
    [['--input-size', '32x'], /--input-size: expected pixels such as 224/],
    [['--device', 'tpu'], /--device: expected cpu or webgpu or cuda, found "tpu"/],
    [['--baseline', 'none.json'], /none.json: expected a result file/],
    [['--channels', 'gbr'], /--channels: expected rgb or bgr or grey, found "gbr"/],
    [['--channels', 'grey', '--mean', '0', '--std', '1'], /--channels grey does not fit its input/],
    [['--scores', 'odds'], /--scores: expected logits or probabilities, found "odds"/],
    [['--labels', 'none.txt', '--mean', '0', '--std', '1'], /--labels none.txt: .*no such file/],
    [[], /--mean and --std are missing/],
  ])('refuses %j with one line', async (words, message) => {
    const out = path.join(folder, 'refused.json');
    const failure = pushpull(model, '--data', data, '--out', out, ...words);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({ name: 'UserError' });
    await expect(readFile(out)).rejects.toThrow(/ENOENT/);
  });
});

describe('resultTable', () => {
  it('fits 80 columns, with all metrics and a baseline', () => {
    const baseline = exampleResult();
    const result = exampleResult();
    for (const row of Object.values(result.errors)) row[0] = 1;

    result.baseline = {
      file: 'plain.json',
      model: baseline.model,
      clean: baseline.clean,
      errors: baseline.errors,
      ce: baseline.ce,
    };
    Object.assign(result, computeMetrics(result, { baseline, alexnet: true }));
    const text = stripVTControlCharacters(resultTable(result));
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    // CE (1 + 4 · .4) / 5 = .52 against .40
    expect(text).toMatch(/fog +100.0 +40.0 +40.0 +40.0 +40.0 +52.0 +40.0 +1.300/);
    expect(text).toMatch(/mce.absolute +52.0 %/);
    expect(text).toMatch(/mce.baseline +1.300/);
    expect(text).toMatch(/gain.mce.absolute +-0.300/);
    expect(text).toMatch(/low 1.30 ± 0.00/);
  });
});
