import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFirstLayer } from '../../../src/analyze/first-layer.ts';
import { ALPHAS, inspectLayer } from '../../../src/analyze/inspection.ts';
import { decodeModel, encodeModel } from '../../../src/onnx/model.ts';
import { retrofit } from '../../../src/onnx/retrofit.ts';
import { inspectModel } from '../../../src/report/paper/inspect.ts';
import { kernelFigure } from '../../../src/report/paper/kernels.ts';
import { spectrumFigures } from '../../../src/report/paper/spectra.tsx';
import { writeConvClassifier } from '../../evaluate/conv-classifier.ts';
import { syntheticKernels } from '../synthetic.ts';

let folder: string;
let plain: string;
let learned: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-inspect-'));
  plain = path.join(folder, 'plain.onnx');
  learned = path.join(folder, 'learned.onnx');
  await writeConvClassifier(plain);
  const model = decodeModel(new Uint8Array(await readFile(plain)), plain);
  await writeFile(learned, encodeModel(retrofit(model, { avg: 3, alpha: [0.5, -0.25, 1, 2] })));
});
afterAll(() => rm(folder, { recursive: true }));

/** Small, so that a test takes no time. */
const QUICK = { edge: { size: 33, seeds: 1 }, alphas: [0.5, 2], pools: [0, 3] };

describe('inspectModel', () => {
  it('draws what push-pull would do to a plain network, and says what was assumed', async () => {
    const out = path.join(folder, 'plain');
    const { files, summary, notes } = await inspectModel(plain, { out, ...QUICK });
    expect(files.map((file) => path.basename(file))).toEqual([
      ...['figure-3-kernels.svg', 'figure-3-kernels.png', 'figure-4-edge.svg', 'figure-4-edge.png'],
      ...['figure-5-spectra.svg', 'figure-5-spectra.png', 'figure-5-profiles.svg', 'figure-5-profiles.png'],
      'inspect.json',
    ]);
    expect(notes).toEqual([
      'figure 6 shows learned alpha, which a plain convolution has not',
      'figure 9 needs an image: --image FILE or --data DATA',
    ]);
    expect(summary.layer).toMatchObject({ kind: 'convolution', kernels: [4, 3, 3, 3] });
    expect(summary.pushPull).toEqual({ of: 'assumed', alpha: 0.5, avg: 3 });
    expect(summary.assumptions.join(' ')).toMatch(
      /does not tell how its images are normalised.*takes? alpha 0.5 and avg3/s,
    );
    expect(summary.edge.grid.map(({ alpha, avg }) => [alpha, avg])).toEqual([
      [0.5, 0],
      [2, 0],
      [0.5, 3],
      [2, 3],
    ]);
    const stored = JSON.parse(await readFile(path.join(out, 'inspect.json'), 'utf8'));
    expect(stored.schema).toBe('pushpull.inspection/1');
    expect(stored.filters).toHaveLength(4);
    for (const { dcGain, energy } of stored.filters) {
      expect(dcGain.pushPull).toBeCloseTo(dcGain.push - 0.5 * dcGain.pull, 5);
      for (const { low, mid, high } of Object.values(energy) as {
        low: number;
        mid: number;
        high: number;
      }[]) {
        expect(low + mid + high).toBeCloseTo(1, 5);
      }
    }
    for (const file of files.filter((name) => name.endsWith('.svg'))) {
      const drawing = (await readFile(file, 'utf8')).replaceAll(/base64,[^"]*/g, '');
      expect(drawing).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  it('shows a push-pull layer with its own alpha and pooling', async () => {
    const out = path.join(folder, 'learned');
    const { summary, notes } = await inspectModel(learned, { out, ...QUICK, formats: ['svg'] });
    expect(notes).toEqual(['figure 9 needs an image: --image FILE or --data DATA']);
    expect(summary.pushPull).toEqual({ of: 'this layer', alpha: [0.5, -0.25, 1, 2], avg: 3 });
    expect(summary.filters.map(({ alpha }) => alpha)).toEqual([0.5, -0.25, 1, 2]);
    expect(summary.edge.grid[0]!.alpha).toBe('learned');
    // The layer itself is the cell of the grid with its alpha and its pooling.
    expect(summary.edge.pushPull.allFilters).toEqual(summary.edge.grid[3]!.allFilters);
    const svg = await readFile(path.join(out, 'figure-6-alpha.svg'), 'utf8');
    expect(svg).toContain('4 filters: mean 0.81, from −0.25 to 2.00; one is negative.');
    expect(await readFile(path.join(out, 'figure-5-spectra.svg'), 'utf8')).toContain('α learned');
  });

  it('shows one image under all corruptions and severities', async () => {
    const image = path.join(folder, 'photo.png');
    const pixels = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 7) % 256);
    await sharp(pixels, { raw: { width: 40, height: 30, channels: 3 } })
      .png()
      .toFile(image);
    const out = path.join(folder, 'corrupted');
    await inspectModel(plain, { out, ...QUICK, figures: [9], image });
    expect((await readdir(out)).sort()).toEqual([
      'figure-9-corruptions.png',
      'figure-9-corruptions.svg',
      'inspect.json',
    ]);
    const svg = await readFile(path.join(out, 'figure-9-corruptions.svg'), 'utf8');
    expect(svg.match(/<image /g)).toHaveLength(1 + 15 * 5);
    expect(svg).toContain('photo.png, 40 × 30 pixels; strengths of CIFAR-10-C, seed 0');
  });

  it('refuses a figure that cannot be drawn, and leaves nothing behind', async () => {
    const out = path.join(folder, 'nothing');
    await expect(inspectModel(plain, { out, ...QUICK, figures: [3, 6] })).rejects.toThrow(
      `${plain}: figure 6 shows learned alpha`,
    );
    const image = path.join(folder, 'missing.png');
    await expect(inspectModel(plain, { out, ...QUICK, figures: [9], image })).rejects.toThrow(/missing\.png/);
    await expect(readdir(out)).rejects.toThrow();
  });
});

describe('figures', () => {
  it('show the strongest 64 filters of a larger layer, or all', async () => {
    const layer = { ...(await readFirstLayer(plain)), kernels: syntheticKernels(70) };
    const some = kernelFigure(layer).svg;
    expect(some.text.match(/Push and pull kernel of filter/g)).toHaveLength(64);
    expect(some.text).toContain(
      '64 of 70 filters, those with the largest norm; --all-filters draws every one.',
    );
    expect(kernelFigure(layer, { all: true }).svg.text.match(/Push and pull kernel of filter/g)).toHaveLength(
      70,
    );
  });

  it('lay out the grid of the paper, a column an alpha and a row a pooling, with axes in cycles a pixel', async () => {
    const inspection = inspectLayer(await readFirstLayer(plain), { edge: QUICK.edge });
    const [{ svg }] = await spectrumFigures(inspection);
    expect(svg.text.match(/<image /g)).toHaveLength(2 + ALPHAS.length * 3);
    for (const text of ['α 0.5', 'α 6', 'no pooling', 'avg3', 'avg5', '−.5', 'cycles a pixel']) {
      expect(svg.text).toContain(text);
    }
  });
});
