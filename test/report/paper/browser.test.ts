/** An SVG names Inter and is set in whatever a machine has: no word may be cut where that is wider. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeComparisonFigures } from '../../../src/report/paper/comparison.ts';
import { openChromium } from '../../support/chromium.ts';
import { madeUp } from '../tables/made-up.ts';

const browser = await openChromium();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-svg-'));
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true });
});

describe.skipIf(!browser)('the figures of results, in a browser', () => {
  it('have room for every word in a wide type', async () => {
    const results = [1, 2, 3].flatMap((seed) =>
      ['resnet18', 'resnet50'].flatMap((name) => [
        madeUp({ name, seed }),
        madeUp({ name, seed, variant: 'push-pull avg3', scale: 0.9 }),
        madeUp({ name, seed, variant: 'push-pull avg5', scale: 0.95 }),
      ]),
    );
    const { files } = await writeComparisonFigures(results, { out: folder, formats: ['svg'] });
    expect(files.length).toBe(4);
    const page = await (browser as Browser).newPage();
    for (const file of files) {
      // The widest that a system falls back to; where it is missing, its own fallback is looked at.
      const svg = (await readFile(file, 'utf8')).replaceAll('Inter, system-ui', "'DejaVu Sans', system-ui");
      await page.setContent(`<body style="margin:0">${svg}`);
      const texts = await page.$$eval('text', (elements) =>
        elements.map((text) => {
          const { left, right } = text.getBoundingClientRect();
          // Figures lie in figures, and each cuts what leaves it.
          const overhangs: number[] = [];
          for (let frame = (text as SVGElement).ownerSVGElement; frame; frame = frame.ownerSVGElement) {
            const { a: scale, e: shift } = frame.getScreenCTM() as DOMMatrix;
            const { x, width } = frame.viewBox.baseVal;
            overhangs.push(right - (scale * (x + width) + shift), scale * x + shift - left);
          }
          return { words: text.textContent, cut: Math.max(...overhangs) };
        }),
      );
      expect(texts.length, path.basename(file)).toBeGreaterThan(10);
      expect(
        texts.filter(({ cut }) => cut > 0.5).map(({ words }) => words),
        path.basename(file),
      ).toEqual([]);
    }
  }, 60_000);
});
