import { Resvg } from '@resvg/resvg-js';
import { describe, expect, it } from 'vitest';
import { BENCHMARK_CORRUPTIONS } from '../../src/corrupt/index.ts';
import type { Result } from '../../src/evaluate/result/schema.ts';
import { toPng } from '../../src/report/charts/png.ts';
import { makeSampleStrip } from '../../src/report/evidence/samples.ts';
import { composeReport } from '../../src/report/report.ts';
import { readHtmlTable, readMarkdownTable, withoutCode } from './page.ts';
import { AVG3, syntheticAvg3, syntheticKernels, syntheticResult, syntheticRun } from './synthetic.ts';
import { ANIMALS, syntheticPredictions } from './synthetic-answers.ts';

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const printed = (value: number, digits: number) => value.toFixed(digits).replace(/^0/, '');

/** A full report with everything in it; composed once, as the tests only read it. */
async function fullReport() {
  const baseline = syntheticResult();
  const pushpull = syntheticAvg3();
  const image = {
    data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 37) % 256),
    width: 32,
    height: 32,
    channels: 3 as const,
  };
  const report = await composeReport([pushpull, baseline], {
    runs: new Map([
      [baseline, syntheticRun()],
      [pushpull, syntheticRun({ kernels: syntheticKernels(16), to: 0.071 })],
    ]),
    samples: makeSampleStrip(image, { set: 'cifar', seed: 0, index: 4, caption: 'test image 4 of CIFAR-10' }),
  });
  return { baseline, pushpull, report };
}
const full = fullReport();

describe('the table', () => {
  it('has a row a model, the baseline first, and the paper’s columns', async () => {
    const { titles, rows } = readHtmlTable((await full).report.html);
    expect([...rows.keys()]).toEqual(['baseline', 'push-pull avg3']);
    expect(titles).toEqual(
      [
        'E mCE mrCE Gauss Shot Impulse Defocus Glass Motion Zoom Snow Frost Fog Bright Contrast Elastic Pixelate JPEG',
      ]
        .join(' ')
        .split(' '),
    );
  });

  it('holds the figures that follow from the errors', async () => {
    const { baseline, pushpull, report } = await full;
    const { rows } = readHtmlTable(report.html);
    const ce = (result: Result) =>
      BENCHMARK_CORRUPTIONS.map((name) => average(result.errors[name] as number[]));
    const expected = (result: Result, ratio: string) => [
      printed(result.clean!.top1, 3),
      printed(average(ce(result)), 4),
      ratio,
      ...ce(result).map((value) => printed(value, 3)),
    ];
    const ratios = ce(pushpull).map((value, index) => value / ce(baseline)[index]!);
    // By hand: the factors of the synthetic model, averaged.
    expect(average(ratios)).toBeCloseTo(average(Object.values(AVG3)), 3);
    expect(rows.get('baseline')!.map(({ text }) => text)).toEqual(expected(baseline, '1.000'));
    expect(rows.get('push-pull avg3')!.map(({ text }) => text)).toEqual(
      expected(pushpull, printed(average(ratios), 3)),
    );
  });

  it('marks exactly what is printed smaller than the baseline’s', async () => {
    const { rows } = readHtmlTable((await full).report.html);
    const baseline = rows.get('baseline')!;
    const row = rows.get('push-pull avg3')!;
    expect(baseline.some(({ better }) => better)).toBe(false);
    expect(row.map(({ better }) => better)).toEqual(
      row.map(({ text }, index) => Number(text) < Number(baseline[index]!.text)),
    );
    // Worse on clean images and fog, the same on motion blur: none of these is marked.
    expect(row.filter(({ better }) => better)).toHaveLength(11);
  });

  it('does not mark what rounds to the same', async () => {
    const same = syntheticResult({ variant: 'push-pull avg0', clean: 0.0689, hash: 'c', file: 'runs/same' });
    const { html } = await composeReport([syntheticResult(), same]);
    const cells = readHtmlTable(html).rows.get('push-pull avg0')!;
    expect(cells[0]).toEqual({ text: '.069', better: false });
  });

  it('is the same in Markdown, marks included', async () => {
    const { html, markdown } = (await full).report;
    expect(readMarkdownTable(markdown)).toEqual(readHtmlTable(html));
  });

  it('is the same turned for a phone', async () => {
    const { html } = (await full).report;
    const upright = /<table class="results upright"[^>]*>(.*?)<\/table>/s.exec(html)![1]!;
    const rows = [...upright.matchAll(/<tr[^>]*><th scope="row"[^>]*>(.*?)<\/th>(.*?)<\/tr>/gs)].map((row) =>
      [...row[2]!.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map((cell) => cell[1]!.replace(/[°‡]$/, '')),
    );
    const wide = readHtmlTable(html).rows;
    expect(rows.map((row) => row[0])).toEqual(wide.get('baseline')!.map(({ text }) => text));
    expect(rows.map((row) => row[1])).toEqual(wide.get('push-pull avg3')!.map(({ text }) => text));
  });
});

describe('results on a corrupted set without clean images', () => {
  /** As `pushpull evaluate --data cifar10-c:PATH` without `--clean` leaves it. */
  const corruptedOnly = ({ clean: _, ...result }: Result): Result => {
    const { 'error.clean': __, ...metrics } = result.metrics;
    const corrupted = { format: 'cifar10-c', fingerprints: { fog: 'f' } } as const;
    const data = { ...result.data, name: 'CIFAR-10-C', path: '/sets/c', corrupted };
    return { ...result, data, metrics };
  };
  const [plain, pushpull] = [corruptedOnly(syntheticResult()), corruptedOnly(syntheticAvg3())];

  it('are compared on what was measured', async () => {
    const { html, markdown } = await composeReport([plain, pushpull]);
    const { titles, rows } = readHtmlTable(html);
    expect(rows.get('push-pull avg3')![titles.indexOf('E')].text).toBe('—');
    expect(rows.get('push-pull avg3')![titles.indexOf('mrCE')].text).toMatch(/^\.\d{3}$/);
    expect(markdown).toMatch(
      /cuts the mean error on corrupted images \(absolute mCE\) from [^,]* \(mrCE \.\d+\)[.;]/,
    );
    expect(markdown).not.toMatch(/NaN|undefined/);
    expect(withoutCode(html)).not.toMatch(/NaN|undefined/);
    expect(markdown).toContain('read from a corrupted set in the form of CIFAR-10-C');
    expect(markdown).toContain('--data cifar10-c:/sets/c');
  });

  it('have a headline of their own without a baseline', async () => {
    const { markdown } = await composeReport([{ ...pushpull, baseline: undefined }]);
    expect(markdown).toMatch(
      /gets [\d.]+\s?% of corrupted images \(absolute mCE\) wrong; no clean images were measured/,
    );
  });

  it('do not stand beside results on another set', async () => {
    const corrupted = { format: 'cifar10-c', fingerprints: { fog: 'g' } } as const;
    const other = { ...pushpull, data: { ...pushpull.data, corrupted } };
    await expect(composeReport([plain, other])).rejects.toThrow('other images of fog');
    await expect(composeReport([syntheticResult(), pushpull])).rejects.toThrow(
      'corrupted images of cifar10-c instead of made in memory',
    );
  });
});

describe('an incomplete grid', () => {
  const incomplete = (): Result => {
    const result = syntheticAvg3();
    const errors: Result['errors'] = { ...result.errors };
    delete errors.fog;
    errors.snow = [0.1, null, 0.3, null, null];
    const images: Result['images'] = { ...result.images, snow: [1000, null, 998, null, null] };
    delete images.fog;
    const metrics = { 'error.clean': result.clean!.top1, 'partial.error': 0.2 };
    return { ...result, complete: false, errors, images, metrics };
  };

  it('has a dash for what was not measured and a dagger for part of a row', async () => {
    const { html, markdown } = await composeReport([syntheticResult(), incomplete()]);
    const { titles, rows } = readHtmlTable(html);
    const cell = (title: string) => rows.get('push-pull avg3')![titles.indexOf(title)];
    expect(cell('mCE')).toEqual({ text: '—', better: false });
    expect(cell('mrCE')).toEqual({ text: '—', better: false });
    expect(cell('Fog')).toEqual({ text: '—', better: false });
    // .200 over two severities against .190 over five: neither better nor worse.
    expect(cell('Snow')).toEqual({ text: '.200†', better: false });
    expect(readMarkdownTable(markdown)).toEqual(readHtmlTable(html));
    expect(html).toContain('† Mean over the measured severities only');
    expect(html).toContain('998 to 1,000');
    expect(html).toContain('The evaluation of push-pull avg3 is not finished');
  });

  it('never calls its mean an mCE', async () => {
    const { headline } = await composeReport([syntheticResult(), incomplete()]);
    // 13 whole corruptions and 2 cells of snow.
    expect(headline).toContain('(over the 67 of 75 cells that both have measured, no mCE)');
    expect(headline).not.toContain('mrCE');
  });
});

describe('the page', () => {
  it('loads nothing', async () => {
    const { html } = (await full).report;
    const references = [...html.matchAll(/\b(?:src|href|xlink:href|srcset|action|data)=["']([^"']*)["']/g)];
    expect(references.length).toBeGreaterThan(40);
    for (const [, target] of references) expect(target).toMatch(/^(data:image\/png;base64,|#[a-z]+$)/);
    for (const [, target] of html.matchAll(/url\(\s*["']?([^)]{0,20})/g))
      expect(target).toMatch(/^data:font\/woff2/);
    expect(html).not.toMatch(/<(link|iframe|object|embed|base)\b/i);
    expect(html).toContain(`Content-Security-Policy" content="default-src 'none'`);
    expect(html).not.toContain('@import');
    // The name of an XML language is the only address, and nothing fetches it.
    const addresses = new Set([...html.matchAll(/https?:\/\/[^\s"'<)]+/g)].map(([address]) => address));
    expect([...addresses].sort()).toEqual(['http://www.w3.org/2000/svg']);
  });

  it('has charts that are well-formed SVG of the stated size, free of NaN', async () => {
    const { html } = (await full).report;
    const charts = [...html.matchAll(/<svg xmlns.*?<\/svg>/gs)].map(([svg]) => svg);
    expect(charts.length).toBeGreaterThan(20);
    for (const chart of charts) {
      const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(chart)!;
      const parsed = new Resvg(chart, { font: { loadSystemFonts: false } });
      expect([parsed.width, parsed.height]).toEqual([Number(width), Number(height)]);
      expect(chart).not.toMatch(/NaN|undefined|Infinity/);
      expect(chart).toMatch(/role="img" aria-label="[^"]+"/);
    }
  });

  it('closes what it opens', async () => {
    const { html } = (await full).report;
    const open: string[] = [];
    const empty = new Set(['meta', 'img', 'input', '!doctype']);
    for (const [, slash, name, rest] of withoutCode(html).matchAll(/<(\/?)([a-zA-Z!][\w-]*)([^>]*)>/g)) {
      if (slash) expect(open.pop()).toBe(name);
      else if (!empty.has(name!) && !rest!.endsWith('/')) open.push(name!);
    }
    expect(open).toEqual([]);
  });

  it('draws the mean over the corruptions at severity 5', async () => {
    const { baseline, pushpull, report } = await full;
    for (const [label, result] of [
      ['baseline', baseline],
      ['push-pull avg3', pushpull],
    ] as const) {
      const error = average(BENCHMARK_CORRUPTIONS.map((name) => result.errors[name]![4]!));
      expect(report.html).toContain(`>${(error * 100).toFixed(1)}%  ${label}</text>`);
    }
  });

  it('draws the change of each corruption in points', async () => {
    const { baseline, pushpull, report } = await full;
    const chart = /<svg[^>]*aria-label="Mean top-1 error on each corruption.*?<\/svg>/s.exec(report.html)![0];
    const drawn = [...chart.matchAll(/>([−+]?\d+\.\d)<\/text>/g)].map((match) => match[1]!);
    const expected = BENCHMARK_CORRUPTIONS.map((name) => {
      const points = average(pushpull.errors[name] as number[]) - average(baseline.errors[name] as number[]);
      const size = Math.abs(points * 100).toFixed(1);
      return size === '0.0' ? size : `${points < 0 ? '−' : '+'}${size}`;
    });
    expect(drawn).toEqual(expected);
  });

  it('says how it was made', async () => {
    const { html, markdown } = (await full).report;
    for (const text of [html, markdown.replaceAll('\\', '')]) {
      expect(text).toContain('pushpull 0.1.0, Node 20.20.2, ONNX Runtime 1.30.0');
      expect(text).toContain(
        '2026-11-22 12:00 in 12 min 34 s on cpu (Example CPU @ 2.00GHz, 2 threads, 2 workers, linux x64)',
      );
      expect(text).toContain('30 epochs, batch 64');
      expect(text).toContain('absolute mCE (Eq. 9 of the PushPull-Net paper)');
      expect(text).toContain(
        'pushpull train --data data/cifar10 --model resnet18 --width 64 --stem pushpull --avg 3',
      );
      expect(text).toContain(
        'pushpull evaluate runs/pushpull-avg3 --data data/cifar10 --limit 1000 --seed 0 --set cifar',
      );
      // √(.069 · .931 / 1000) = .8 %
      expect(text).toContain('± 0.8% (one standard error)');
    }
  });
});

describe('errors class by class', () => {
  const results = [syntheticResult(), syntheticAvg3()];
  const predictions = new Map(results.map((result) => [result, syntheticPredictions(result)]));

  it('are the same in page and Markdown, worst class first', async () => {
    const { html, markdown } = await composeReport(results, { predictions });
    const section = /<section id="classes".*?<\/section>/s.exec(html)![0];
    const table = /<table class="classes".*?<\/table>/s.exec(section)![0];
    const rows = [...table.matchAll(/<tr><th scope="row" data-name="(.*?)">.*?<\/th>(.*?)<\/tr>/gs)].map(
      (row) => [row[1]!, ...[...row[2]!.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map((cell) => cell[1]!)],
    );
    expect(rows.map(([name]) => name).sort()).toEqual([...ANIMALS]);
    const corrupted = rows.map((row) => Number(row[3]) + Number(row[5]));
    expect(corrupted).toEqual([...corrupted].sort((a, b) => b - a));
    for (const [name, images, clean0, corrupted0, clean, wrong, change] of rows) {
      expect(markdown).toContain(`| ${name} | ${images} | ${clean0} | ${corrupted0} | ${clean} | ${wrong} |`);
      const points = (Number(wrong) - Number(corrupted0)) * 100;
      expect(Math.abs(Number(change!.replace('−', '-')) - points)).toBeLessThanOrEqual(0.151);
    }
  });

  it('are missing with a word on how to get them', async () => {
    const { html, markdown } = await composeReport(results);
    expect(/<section id="classes".*?<\/section>/s.exec(html)![0]).toMatch(
      /class="missing-note">For the errors of each class.*<code>pushpull evaluate<\/code> of this version keeps that/,
    );
    expect(html).not.toContain('id="failures"');
    expect(markdown).not.toContain('## Class by class');
  });
});

describe('names from outside', () => {
  const hostile = '<img src=x onerror=alert(1)>"\'&|`*';

  it('are printed and never run', async () => {
    const base = syntheticResult();
    const evil: Result = {
      ...syntheticAvg3(),
      model: { ...syntheticAvg3().model, name: hostile, variant: hostile, file: `$(rm)'${hostile}` },
      data: { ...base.data, name: hostile, path: hostile },
      notes: [hostile],
    };
    base.data = { ...base.data, name: hostile, path: hostile };
    const kernels = syntheticRun({ kernels: syntheticKernels(4) });
    const { html, markdown, figures } = await composeReport([base, evil], {
      title: hostile,
      omissions: [hostile],
      runs: new Map([[evil, kernels]]),
    });
    const outsideStyle = withoutCode(html);
    expect(outsideStyle.includes('<img')).toBe(false);
    // Every occurrence stands in text or in a quoted attribute, its < written as an entity.
    for (const match of outsideStyle.matchAll(/onerror/g)) {
      expect(outsideStyle.slice(match.index - 40, match.index)).toContain('&lt;img src=x ');
    }
    expect(outsideStyle.includes("&lt;img src=x onerror=alert(1)>&quot;'&amp;|`*")).toBe(true);
    for (const { sheet } of figures) expect(() => toPng(sheet)).not.toThrow();

    const lines = markdown.split('\n').filter((line) => !line.startsWith('    '));
    expect(lines.join('\n')).not.toMatch(/(?<!\\)<img/);
    const { titles, rows } = readMarkdownTable(markdown);
    for (const cells of rows.values()) expect(cells).toHaveLength(titles.length);
  });
});

describe('PNG files', () => {
  it('are twice the size of their pictures with the margin, and not blank', async () => {
    const { figures } = (await full).report;
    expect(figures.map(({ name }) => name)).toEqual([
      'severity',
      'severity-groups',
      'corruptions',
      'samples',
      'training',
      'alpha',
      'kernels',
    ]);
    for (const { sheet } of figures) {
      const png = Buffer.from(toPng(sheet));
      expect(png.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
      expect(png.readUInt32BE(16)).toBe(Math.ceil(2 * (sheet.width + 32)));
      expect(png.readUInt32BE(20)).toBe(Math.ceil(2 * (sheet.height + 32)));
      expect(png.length).toBeGreaterThan(5000);
    }
  });

  it('have text although no font is installed', () => {
    const text = (words: string) => ({
      text: `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="20"><text x="2" y="15">${words}</text></svg>`,
      width: 80,
      height: 20,
    });
    expect(toPng(text('α − .285')).length).toBeGreaterThan(1.5 * toPng(text('')).length);
    expect(toPng(text('α'))).not.toEqual(toPng(text('β')));
  });

  it('are what the Markdown shows', async () => {
    const { markdown, figures } = (await full).report;
    const shown = [...markdown.matchAll(/\]\(charts\/(.*?)\.png\)/g)].map((match) => match[1]);
    expect(shown.sort()).toEqual(figures.map(({ name }) => name).sort());
  });
});
