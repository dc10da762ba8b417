/**
 * The page in a browser: what is clicked, hovered and printed. PUSHPULL_SCREENSHOTS names a folder where the pictures
 * are kept to be looked at; without it they are only checked for being what they should be.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Result } from '../../src/evaluate/result/schema.ts';
import { compare } from '../../src/report/comparison.ts';
import { chooseFailures, picture } from '../../src/report/evidence/failures.ts';
import { composeReport } from '../../src/report/report.ts';
import { COLORS } from '../../src/report/theme.ts';
import { openChromium } from '../support/chromium.ts';
import { AVG3, syntheticAvg3, syntheticKernels, syntheticResult, syntheticRun } from './synthetic.ts';
import { ANIMALS, syntheticData, syntheticPredictions } from './synthetic-answers.ts';

const browser = await openChromium();
let folder: string;
let shots: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-page-'));
  shots = process.env.PUSHPULL_SCREENSHOTS ?? folder;
  await mkdir(shots, { recursive: true });
  file = path.join(folder, 'report.html');
  const [baseline, avg3] = [syntheticResult(), syntheticAvg3()];
  const results = [baseline, avg3, avg5()];
  const predictions = new Map(results.map((result) => [result, syntheticPredictions(result)]));
  const groups = chooseFailures(compare(results), predictions);
  const { html } = await composeReport(results, {
    predictions,
    failures: await Promise.all(
      groups.map(async (group) => ({
        ...group,
        failures: await picture(group.failures, syntheticData()),
      })),
    ),
    runs: new Map([
      [baseline, syntheticRun()],
      [avg3, syntheticRun({ kernels: syntheticKernels(16), to: 0.071 })],
    ]),
  });
  await writeFile(file, html);
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true });
});

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Without fog: a dash in its column and in mCE. */
function avg5(): Result {
  const result = syntheticResult({
    variant: 'push-pull avg5',
    clean: 0.075,
    factor: { ...AVG3, gaussian_noise: 0.8 },
    file: 'runs/pushpull-avg5',
    hash: 'c',
  });
  const { fog: _, ...errors } = result.errors;
  return { ...result, complete: false, errors, metrics: { 'error.clean': 0.075, 'partial.error': 0.27 } };
}

interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly touch?: boolean;
  readonly script?: boolean;
}

/** Runs `look` on the page, and fails when the page complains or asks for anything. */
async function open(look: (page: Page) => Promise<void>, options: Look = {}): Promise<void> {
  const { width = 1280, height = 900, touch = false, script = true } = options;
  const context = await (browser as Browser).newContext({
    viewport: { width, height },
    deviceScaleFactor: touch ? 2 : 1,
    hasTouch: touch,
    javaScriptEnabled: script,
    reducedMotion: 'reduce',
  });
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(error.message));
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const address = pathToFileURL(file).href;
    await page.goto(address);
    await look(page);
    expect(complaints).toEqual([]);
    expect(asked.filter((url) => !url.startsWith('data:'))).toEqual([address]);
  } finally {
    await context.close();
  }
}

/** A picture that is kept where it can be looked at, of the expected width and with something on it. */
async function shoot(target: Page | Locator, name: string, width: number): Promise<void> {
  const png = await target.screenshot({ path: path.join(shots, `${name}.png`), animations: 'disabled' });
  const { channels, ...stats } = await sharp(png).removeAlpha().stats();
  const { width: found } = await sharp(png).metadata();
  expect(found).toBe(width);
  expect(stats.entropy).toBeGreaterThan(0.3);
  // Mostly paper, with ink on it.
  for (const { min, max, mean } of channels) {
    expect([min < 60, max]).toEqual([true, 255]);
    expect(mean).toBeGreaterThan(180);
  }
}

const wide = (page: Page) => page.locator('#results .wide table.results');
const labels = (page: Page) =>
  wide(page)
    .locator('tbody th')
    .evaluateAll((heads) => heads.map((head) => head.getAttribute('data-name')));

/** The cell of a model in the column of that title. */
async function cellOf(page: Page, model: string, title: string): Promise<Locator> {
  const titles = await wide(page).locator('thead tr:last-child th').allTextContents();
  return wide(page).locator(`tbody tr:has(th[data-name="${model}"]) > *`).nth(titles.indexOf(title));
}

/** What the card shows: its heading, then its lines, cells parted by bars. */
async function readCard(page: Page): Promise<string[]> {
  const card = page.getByRole('tooltip');
  await card.waitFor({ state: 'visible', timeout: 2000 });
  const heading = (await card.locator('strong').textContent())!;
  const lines = await card
    .locator('p, tr')
    .evaluateAll((parts) =>
      parts.map((part) =>
        part.children.length > 0
          ? [...part.children].map((cell) => cell.textContent).join('|')
          : part.textContent,
      ),
    );
  return [heading, ...lines];
}

describe.skipIf(!browser)('the table', () => {
  it('is sorted by a press on a column’s head, up, down, and back; what is missing stays last', () =>
    open(async (page) => {
      const given = ['baseline', 'push-pull avg3', 'push-pull avg5'];
      expect(await labels(page)).toEqual(given);
      const fog = wide(page).getByRole('button', { name: 'Fog' });
      const head = wide(page).getByRole('columnheader', { name: 'Fog' });
      await fog.click();
      expect(await head.getAttribute('aria-sort')).toBe('ascending');
      expect(await labels(page)).toEqual(['baseline', 'push-pull avg3', 'push-pull avg5']);
      await fog.press('Enter');
      expect(await head.getAttribute('aria-sort')).toBe('descending');
      expect(await labels(page)).toEqual(['push-pull avg3', 'baseline', 'push-pull avg5']);
      await fog.press('Space');
      expect(await head.getAttribute('aria-sort')).toBeNull();
      expect(await labels(page)).toEqual(given);
      await wide(page).getByRole('button', { name: 'Gauss' }).click();
      expect(await labels(page)).toEqual(['push-pull avg5', 'push-pull avg3', 'baseline']);
      await wide(page).getByRole('button', { name: 'model' }).click();
      expect(await labels(page)).toEqual(given);
      expect(await wide(page).locator('[aria-sort]').count()).toBe(1);
    }));

  it('tells on hover and on focus what stands behind a figure', () =>
    open(async (page) => {
      await (await cellOf(page, 'push-pull avg3', 'Gauss')).hover();
      // CE .52 of the baseline times .9.
      expect(await readCard(page)).toEqual([
        'Gaussian noise · push-pull avg3',
        'severity|1|2|3|4|5|CE',
        'push-pull avg3|.142|.305|.468|.631|.794|.4680',
        'baseline|.152|.336|.520|.704|.888|.5200',
        'difference, points|−1.0|−3.1|−5.2|−7.3|−9.4|−5.20',
        expect.stringMatching(/^95% interval\|\.\d{4} to \.\d{4}$/),
        expect.stringMatching(/^p of the difference, adjusted\|\.\d{3}$/),
        'images a severity|1,000',
        'ratio to the baseline|.9000',
      ]);
      await shoot(page, 'hover', 1280);
      const card = page.getByRole('tooltip');
      await page.mouse.move(5, 5);
      await card.waitFor({ state: 'hidden' });

      await wide(page).locator('td[tabindex="0"]').focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowDown');
      expect((await readCard(page))[0]).toBe('mCE · push-pull avg3');
      const focused = wide(page).locator('td:focus');
      expect(await focused.getAttribute('aria-describedby')).toBe(await card.getAttribute('id'));
      await page.keyboard.press('Escape');
      expect(await card.isVisible()).toBe(false);
      expect(await wide(page).locator('td[tabindex="0"]').count()).toBe(1);
    }));

  it('is shown relative to the baseline, and sorted by what is shown', () =>
    open(async (page) => {
      const cell = await cellOf(page, 'push-pull avg3', 'Gauss');
      const results = page.locator('#results');
      await results.getByRole('radio', { name: '− baseline' }).check();
      expect(await cell.textContent()).toBe('−5.2');
      // Metrics stay what they are.
      expect(await (await cellOf(page, 'push-pull avg3', 'E')).textContent()).toBe('.071');
      await results.getByRole('radio', { name: '÷ baseline' }).check();
      expect(await cell.textContent()).toBe('.900');
      await wide(page).getByRole('button', { name: 'Glass' }).click();
      expect((await labels(page)).at(-1)).toBe('baseline');
      await results.getByRole('checkbox', { name: 'blur' }).uncheck();
      expect(await wide(page).getByRole('columnheader', { name: 'Glass' }).count()).toBe(0);
      expect(await wide(page).locator('tbody tr').first().locator('td:visible').count()).toBe(5 + 11);
      await shoot(results, 'relative', 1072);
      await results.getByRole('radio', { name: 'error' }).check();
      expect(await cell.textContent()).toBe('.468');
    }));
});

describe.skipIf(!browser)('classes and images', () => {
  it('show one heat map at a time, as errors or against the baseline', () =>
    open(async (page) => {
      const classes = page.locator('#classes');
      const map = classes.locator('.heatmap:visible');
      expect(await map.count()).toBe(1);
      expect(await map.locator('tbody tr').count()).toBe(ANIMALS.length);
      const cell = map.locator('tbody tr').first().locator('td').first();
      const error = Number(await cell.getAttribute('data-value'));
      const reference = Number(await cell.getAttribute('data-reference'));
      expect(await cell.textContent()).toBe(error.toFixed(2).replace(/^0/, ''));
      const shade = () =>
        page.evaluate(
          "getComputedStyle(document.querySelector('#classes .heatmap tbody td')).backgroundColor",
        );
      const orange = await shade();
      await classes.getByRole('radio', { name: '− baseline' }).check();
      const points = Math.round((error - reference) * 100);
      expect(await cell.textContent()).toBe(
        points === 0 ? '0' : `${points < 0 ? '−' : '+'}${Math.abs(points)}`,
      );
      expect(await shade()).not.toBe(orange);
      await classes.getByRole('radio', { name: 'baseline', exact: true }).check();
      expect(await map.locator('td[data-reference]').count()).toBe(0);
      await classes.getByRole('radio', { name: 'push-pull avg3' }).check();
      await classes.getByRole('button', { name: 'corrupted' }).first().click();
      const errors = await classes
        .locator('.classes')
        .first()
        .locator('tbody tr > td:nth-of-type(3)')
        .evaluateAll((cells) => cells.map((each) => Number(each.getAttribute('data-value'))));
      expect(errors).toEqual([...errors].sort((a, b) => a - b));
      await shoot(classes, 'classes', 1072);
    }));

  it('show single images, clean and corrupted, with every model’s answer', () =>
    open(async (page) => {
      const failures = page.locator('#failures');
      expect(await failures.locator('h3').allTextContents()).toEqual([
        'Surest mistakes of push-pull avg3',
        'Push-pull avg3 is right, baseline is wrong',
        'Baseline is right, push-pull avg3 is wrong',
      ]);
      const list = failures.locator('ul').first();
      expect(await list.locator('li').count()).toBe(12);
      for (const card of await list.locator('li').all()) {
        expect(await card.locator('img').count()).toBe(2);
        expect(await card.locator('.who').allTextContents()).toEqual([
          'baseline',
          'push-pull avg3',
          'push-pull avg5',
        ]);
        // In the second row of answers: right on the clean image, wrong on the corrupted one.
        const own = card.locator('tbody').nth(1).locator('td');
        expect([await own.nth(0).getAttribute('class'), await own.nth(1).getAttribute('class')]).toEqual([
          'right',
          'wrong',
        ]);
      }
      const loaded = await page.evaluate(
        '[...document.images].every((image) => image.complete && image.naturalWidth > 0 && image.alt)',
      );
      expect(loaded).toBe(true);
      await shoot(failures, 'failures', 1072);
    }));
});

describe.skipIf(!browser)('charts', () => {
  it('tell what all models measured at the nearest point', () =>
    open(async (page) => {
      const chart = page.locator('#severity svg').first();
      await chart.scrollIntoViewIfNeeded();
      // Marks have an edge of paper around them: the fourth of the first line.
      const point = await chart.locator(`path[stroke="${COLORS.paper}"]`).nth(3).boundingBox();
      await page.mouse.move(point!.x + 14, point!.y + 9);
      const mean = (result: Result) =>
        `${(average(Object.entries(result.errors).flatMap(([name, row]) => (name === 'fog' ? [] : [row[2]!]))) * 100).toFixed(2)}%`;
      expect(await readCard(page)).toEqual([
        'Severity 3',
        `baseline|${mean(syntheticResult())}`,
        `push-pull avg3|${mean(syntheticAvg3())}`,
        `push-pull avg5|${mean(avg5())}`,
      ]);
      const bars = page.locator('#corruptions svg').first();
      await bars.scrollIntoViewIfNeeded();
      // The first is in the key.
      const bar = await bars.locator(`rect[fill="${COLORS.baseline}"]`).nth(1).boundingBox();
      expect(bar!.width).toBeGreaterThan(100);
      await page.mouse.move(bar!.x + 5, bar!.y + 3);
      expect(await readCard(page)).toEqual([
        'Gaussian noise',
        'baseline|52.00%|',
        'push-pull avg3|46.80%|−5.20 points',
        'push-pull avg5|41.60%|−10.40 points',
      ]);
      await shoot(page, 'chart-hover', 1280);
    }));
});

describe.skipIf(!browser)('on a phone', () => {
  it('nothing sticks out, what is pressed is large enough, and a tap tells the figure', () =>
    open(
      async (page) => {
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect(overflow).toBe(0);
        const small = await page
          .locator('button:visible, summary:visible, nav a:visible, .choice label:visible')
          .evaluateAll((targets) =>
            targets
              .filter((target) => target.getBoundingClientRect().height < 36)
              .map((target) => target.textContent),
          );
        expect(small).toEqual([]);
        const tiny = await page.evaluate(
          `[...document.querySelectorAll('main :is(p, td, th, dd, li, figcaption)')]
             .filter((text) => text.offsetParent && parseFloat(getComputedStyle(text).fontSize) < 12)
             .map((text) => text.textContent)`,
        );
        expect(tiny).toEqual([]);
        await shoot(page, 'phone-top', 780);
        const table = page.locator('#results .narrow table');
        await table.locator('tbody:not(.fixed) tr').nth(1).locator('td').nth(1).tap();
        expect((await readCard(page))[0]).toBe('Gaussian noise · push-pull avg3');
        await shoot(page, 'phone-tap', 780);
        await table.getByRole('button', { name: 'avg3' }).tap();
        const names = await table.locator('tbody:not(.fixed) tr:visible th').allTextContents();
        expect(names.slice(0, 3)).toEqual(['Brightness', 'Fog', 'Defocus blur']);
        expect(names).toHaveLength(15);
      },
      { width: 390, height: 844, touch: true },
    ));
});

/** Text whose contrast to what is behind it is below WCAG's AA: 4.5, or 3 for large text. Runs in the page. */
const FAINT_TEXT = `(() => {
  const channels = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.e-]+/g).map(Number);
    const scale = color.startsWith('color(') ? 255 : 1;
    return [r * scale, g * scale, b * scale, a];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((level) => {
      const c = level / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest('script, style') || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const color = channels(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [luminance(color), luminance(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (contrast < (large ? 3 : 4.5)) faint.push(texts.currentNode.data.trim() + ' ' + contrast.toFixed(2));
  }
  return faint;
})()`;

describe.skipIf(!browser)('for everybody', () => {
  it('has text that stands out, landmarks, headings in order, and names for all that can be pressed', () =>
    open(async (page) => {
      expect(await page.evaluate(FAINT_TEXT)).toEqual([]);
      for (const role of ['banner', 'main', 'contentinfo'] as const) {
        expect(await page.getByRole(role).count()).toBe(1);
      }
      const targets = await page
        .getByRole('navigation')
        .getByRole('link')
        .evaluateAll((links) => links.map((link) => link.getAttribute('href')!));
      for (const target of targets) expect(await page.locator(target).count()).toBe(1);
      const levels = await page
        .locator('h1, h2, h3, h4')
        .evaluateAll((headings) => headings.map(({ tagName }) => Number(tagName[1])));
      expect(levels[0]).toBe(1);
      expect(levels.filter((level) => level === 1)).toHaveLength(1);
      for (const [index, level] of levels.slice(1).entries())
        expect(level - levels[index]!).toBeLessThanOrEqual(1);
      const nameless = await page.evaluate(
        `[...document.querySelectorAll('button, summary, input, [role=region]')]
           .filter((element) => element.offsetParent)
           .filter((element) => !(element.ariaLabel || element.textContent.trim() || element.labels?.[0]?.textContent.trim()))
           .length`,
      );
      expect(nameless).toBe(0);
      expect(await page.locator('th:not([scope])').count()).toBe(0);
    }));
});

describe.skipIf(!browser)('on paper and without scripts', () => {
  it('is unfolded, without anything to press, on whole pages', () =>
    open(async (page) => {
      await page.emulateMedia({ media: 'print' });
      expect(await page.locator('nav:visible, .controls:visible, .unfold:visible').count()).toBe(0);
      const pdf = await page.pdf({ path: path.join(shots, 'report.pdf'), preferCSSPageSize: true });
      const text = pdf.toString('latin1');
      const pages = text.match(/\/Type \/Page\b/g)!.length;
      expect(pages).toBeGreaterThanOrEqual(5);
      expect(pages).toBeLessThanOrEqual(14);
      // A4 in points.
      expect(text).toMatch(/\/MediaBox \[0 0 59[45]\.\d+ 84[12]\.\d+\]/);
    }));

  it('has every figure and nothing that does nothing', () =>
    open(
      async (page) => {
        expect(await page.locator('button, .controls:visible').count()).toBe(0);
        const cell = await cellOf(page, 'push-pull avg3', 'Gauss');
        expect(await cell.getAttribute('title')).toMatch(/^Gaussian noise · push-pull avg3\n/);
        await page.getByText('All 220 measured cells, by severity').click();
        await shoot(page.locator('#results'), 'without-scripts', 1072);
      },
      { script: false },
    ));
});
