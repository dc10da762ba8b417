import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import type { Result } from '../../../src/evaluate/result/schema.ts';
import { paperTable } from '../../../src/report/tables/build-table.ts';
import { escapeLatex, tableLatex } from '../../../src/report/tables/formats/latex.ts';
import { paperTableText } from '../../../src/report/tables/formats/terminal.ts';
import { saveTable, writeTable } from '../../../src/report/tables/formats/write.ts';
import { rowsOfResults } from '../../../src/report/tables/rows.ts';
import { captionSentences, type PaperTable, type TableNumber } from '../../../src/report/tables/table.ts';
import { syntheticAvg3, syntheticResult } from '../synthetic.ts';
import { madeUp, withoutSettings } from './made-up.ts';

const table = (which: TableNumber, results: readonly Result[], options = {}) =>
  paperTable(which, rowsOfResults(results), options);

const outline = ({ groups }: PaperTable) =>
  groups.map(({ title, rows }) => [title, ...rows.map(({ label }) => label)]);

describe('rows of results', () => {
  it('takes seeds together and keeps networks, augmentations, widths and data sets apart', () => {
    const results = [
      madeUp({ seed: 2, variant: 'push-pull avg3' }),
      madeUp({ seed: 1 }),
      madeUp({ seed: 1, variant: 'push-pull avg3' }),
      madeUp({ seed: 1, name: 'resnet50' }),
      madeUp({ seed: 1, name: 'resnet50', augment: 'prime-cifar10' }),
      madeUp({ seed: 1, name: 'resnet50', variant: 'push-pull avg3', augment: 'prime-cifar10' }),
      madeUp({ seed: 1, width: 16 }),
      madeUp({ seed: 1, dataset: 'ImageNet-100' }),
    ];
    const rows = rowsOfResults(results);
    expect(rows.map(({ label, baseline, results: { length } }) => [label, baseline, length])).toEqual([
      ['ResNet-18 push-pull avg3 on CIFAR-10', 'ResNet-18 baseline on CIFAR-10 (width 64)', 2],
      ['ResNet-18 baseline on CIFAR-10 (width 64)', undefined, 1],
      ['ResNet-50 baseline on CIFAR-10', undefined, 1],
      ['ResNet-50 baseline + PRIME on CIFAR-10', undefined, 1],
      ['ResNet-50 push-pull avg3 + PRIME on CIFAR-10', 'ResNet-50 baseline + PRIME on CIFAR-10', 1],
      ['ResNet-18 baseline on CIFAR-10 (width 16)', undefined, 1],
      ['ResNet-18 baseline on ImageNet-100', undefined, 1],
    ]);
    expect(rows[0]!.results[0]).toBe(results[2]);
    expect(outline(paperTable(1, rows))).toEqual([
      ['CIFAR-10 · ResNet-18 (width 64)', 'baseline', 'push-pull avg3'],
      ['CIFAR-10 · ResNet-50', 'baseline'],
      ['CIFAR-10 · ResNet-50 + PRIME', 'baseline', 'push-pull avg3'],
      ['CIFAR-10 · ResNet-18 (width 16)', 'baseline'],
      ['ImageNet-100 · ResNet-18', 'baseline'],
    ]);
  });

  it('compares with the plain network that was trained alike, and tells what is different', () => {
    const trained = (variant: string, training: object) => {
      const result = madeUp({ variant });
      return { ...result, model: { ...result.model, training } } as Result;
    };
    const recipe = { epochs: 30, batchSize: 64 };
    const rows = rowsOfResults([
      trained('baseline', { seed: 1, recipe: { ...recipe, batchSize: 128 } }),
      trained('baseline', { seed: 1, recipe, test: { loss: 1 } }),
      trained('push-pull avg3', { seed: 1, recipe, test: { loss: 2 } }),
      trained('push-pull avg5', { seed: 1, recipe: { ...recipe, batchSize: 256 } }),
      trained('push-pull avg3', { seed: 1, recipe: { ...recipe, epochs: 10 } }),
    ]);
    expect(rows.map(({ label, baseline }) => [label, baseline])).toEqual([
      ['ResNet-18 baseline on CIFAR-10 (batchSize 128)', undefined],
      ['ResNet-18 baseline on CIFAR-10 (batchSize 64)', undefined],
      ['ResNet-18 push-pull avg3 on CIFAR-10 (epochs 30)', 'ResNet-18 baseline on CIFAR-10 (batchSize 64)'],
      ['ResNet-18 push-pull avg5 on CIFAR-10', 'ResNet-18 baseline on CIFAR-10 (batchSize 128)'],
      ['ResNet-18 push-pull avg3 on CIFAR-10 (epochs 10)', undefined],
    ]);
    expect(paperTable(1, rows).footnotes).toEqual([
      'No baseline that was trained alike among the results: nothing that is relative to one.',
    ]);
  });

  it('takes a network that went on from weights for no seed of one trained from scratch', () => {
    const scratch = madeUp({ seed: 1, variant: 'push-pull avg3' });
    const tuned = madeUp({ seed: 2, variant: 'push-pull avg3' });
    const { model } = tuned;
    const initial = { file: 'plain.pth', sha256: 'a'.repeat(64) };
    const fromWeights: Result = { ...tuned, model: { ...model, training: { ...model.training, initial } } };
    const rows = rowsOfResults([madeUp({ seed: 1 }), scratch, fromWeights]);
    const plain = 'ResNet-18 baseline on CIFAR-10';
    expect(rows.map(({ label, baseline }) => [label, baseline])).toEqual([
      [plain, undefined],
      ['ResNet-18 push-pull avg3 on CIFAR-10 (start from scratch)', plain],
      ['ResNet-18 push-pull avg3 on CIFAR-10 (start from weights)', plain],
    ]);
  });

  it('compares results of older versions, which tell no settings', () => {
    const results = [syntheticResult(), syntheticAvg3()].map(withoutSettings);
    expect(outline(table(1, results))).toEqual([['ResNet-18', 'baseline', 'push-pull avg3']]);
    const wider = { ...results[1]!, model: { ...madeUp().model, variant: 'push-pull avg3', parameters: 99 } };
    expect(rowsOfResults([...results, withoutSettings(wider)])).toHaveLength(3);
  });

  it('takes the baseline inside a result where it is not listed', () => {
    const { model, clean, errors, ce } = syntheticResult();
    const stored = { file: 'plain.json', model, clean, errors, ce };
    const found = table(1, [{ ...syntheticAvg3(), baseline: stored }]);
    expect(outline(found)).toEqual([['ResNet-18', 'baseline', 'push-pull avg3']]);
    const alone = table(1, [syntheticResult(), syntheticAvg3()]);
    expect(found.groups[0]!.rows[1]!.cells).toEqual(alone.groups[0]!.rows[1]!.cells);
  });

  it('takes a foreign model for a baseline where the evaluation was given one', () => {
    const [theirs, mine] = ['theirs', 'mine'].map((name) => madeUp({ name, variant: 'onnx' }));
    const { model, clean, errors, ce } = theirs!;
    const compared = { ...mine!, baseline: { file: 'theirs.json', model, clean, errors, ce } };
    for (const results of [[compared], [compared, theirs!]]) {
      expect(outline(table(1, results))).toEqual([['', 'theirs', 'mine']]);
    }
  });

  it('compares everything with a baseline that is named', () => {
    const [named, foreign] = [
      madeUp({ name: 'theirs', variant: 'onnx' }),
      madeUp({ name: 'mine', variant: 'onnx' }),
    ];
    const rows = rowsOfResults([foreign!, named!], { baselines: [named!] });
    expect(outline(paperTable(1, rows))).toEqual([['', 'theirs', 'mine']]);
    expect(rows.map(({ baseline }) => baseline)).toEqual([undefined, 'theirs on CIFAR-10']);
  });

  it('refuses one model twice, and one seed twice', () => {
    const result = madeUp({ seed: 1 });
    expect(() => rowsOfResults([result, { ...result }])).toThrow(/found the same model as/);
    expect(() => rowsOfResults([result, madeUp({ seed: 1 })])).toThrow(
      /one result for each seed .* found seed 1/,
    );
    expect(() => rowsOfResults([result, madeUp({ seed: 1 })])).toThrow(UserError);
  });
});

describe('a table', () => {
  it('marks what is better as printed, and has the paper’s number', () => {
    const results = [
      madeUp({ clean: 0.0701 }),
      madeUp({ variant: 'push-pull avg3', clean: 0.07, scale: 0.9 }),
    ];
    const { groups, columns } = table(1, results);
    const [plain, pushpull] = groups[0]!.rows;
    expect(columns.map(({ key }) => key).slice(0, 4)).toEqual([
      'error.clean',
      'mce.absolute',
      'mce.baseline',
      'rce.gaussian_noise',
    ]);
    expect(columns).toHaveLength(18);
    expect(plain!.cells.every(({ mark }) => mark === undefined)).toBe(true);
    expect(pushpull!.cells.map(({ mark }) => mark)).toEqual([
      'same',
      ...Array.from({ length: 17 }, () => 'ahead'),
    ]);
    expect(pushpull!.cells.slice(0, 4).map(({ paper }) => paper)).toEqual([
      '.071',
      '.2728',
      '.970',
      undefined,
    ]);
    expect(plain!.cells.slice(0, 3).map(({ paper }) => paper)).toEqual(['.069', '.2853', undefined]);
  });

  it('calls better only what Student’s paired test over the seeds proves', () => {
    const scales = [0.9, 0.905, 0.91];
    const results = scales.flatMap((scale, index) => [
      madeUp({ seed: index + 1 }),
      madeUp({ seed: index + 1, variant: 'push-pull avg3', scale }),
    ]);
    const made = table(1, results);
    const [plain, pushpull] = made.groups[0]!.rows;
    const at = made.columns.findIndex(({ key }) => key === 'mce.baseline');
    // t = -.095 / (.005 / √3) = -32.9 with 2 degrees of freedom.
    expect(pushpull!.cells[at]).toMatchObject({ mark: 'better', p: expect.closeTo(0.000923, 5) });
    expect(plain!.cells.every(({ p, mark }) => p === undefined && mark === undefined)).toBe(true);
    const fog = made.columns.findIndex(({ key }) => key === 'rce.fog');
    // By Holm for 15 corruptions, all with that p: 15 × .000923.
    expect(pushpull!.cells[fog]).toMatchObject({ mark: 'better', p: expect.closeTo(0.01384, 4) });
    expect(captionSentences(made, true).join(' ')).toMatch(
      /Bold: better than the baseline by more than chance\. More than chance: p < \.05 by Student’s paired t test over the seeds/,
    );
    const two = table(1, results.slice(0, 2));
    expect(two.groups[0]!.rows[1]!.cells[at]).toMatchObject({ mark: 'ahead' });
  });

  it('takes the test of the answers to each image for a single seed, of that baseline alone', () => {
    const plain = madeUp();
    const test = { difference: -0.01, p: 0.2, interval: [-0.03, 0.01] as [number, number], images: 1000 };
    const compared = (sha256: string): Result => ({
      ...madeUp({ variant: 'push-pull avg3', clean: 0.06, scale: 0.9 }),
      baseline: { file: 'plain.json', model: { ...plain.model, sha256 }, errors: {}, ce: {} },
      significance: {
        ...{ level: 0.95, resamples: 100, seed: 0 },
        clean: { ...test, test: 'mcnemar', onlyThis: 9, onlyBaseline: 4 },
        corrupted: { ...test, metric: 'mce.absolute', test: 'sign-flip', p: 0.01 },
        ce: {
          fog: { ...test, holm: 0.04 },
          snow: { ...test, holm: 0.3 },
        },
      },
    });
    const marksOf = (sha256: string) => {
      const made = table(1, [plain, compared(sha256)]);
      const cells = made.groups[0]!.rows[1]!.cells;
      const at = (key: string) => cells[made.columns.findIndex((column) => column.key === key)]!;
      const keys = ['error.clean', 'mce.absolute', 'mce.baseline', 'rce.fog', 'rce.snow', 'rce.frost'];
      return { marks: keys.map((key) => at(key).mark), p: at('rce.fog').p, tested: made.tested };
    };
    expect(marksOf(plain.model.sha256)).toEqual({
      marks: ['ahead', 'better', 'better', 'better', 'ahead', 'ahead'],
      p: 0.04,
      tested: expect.stringContaining('McNemar'),
    });
    const { marks, tested } = marksOf('f'.repeat(64));
    expect(new Set(marks)).toEqual(new Set(['ahead']));
    expect(tested).toBeUndefined();
  });

  it('has a dash and a footnote for a grid with holes, never an mCE', () => {
    const whole = madeUp({ seed: 1, variant: 'push-pull avg3' });
    const holed = (seed: number) =>
      madeUp({
        seed,
        variant: 'push-pull avg3',
        errors: { ...whole.errors, fog: [0.1, 0.1, 0.1, 0.1, null] },
      });
    const one = table(1, [madeUp({ seed: 1 }), holed(1)]);
    const row = one.groups[0]!.rows[1]!;
    const at = (key: string) => row.cells[one.columns.findIndex((column) => column.key === key)]!.figure;
    expect([at('mce.absolute'), at('mce.baseline'), at('rce.fog')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(at('rce.snow')).toEqual({ mean: 1, n: 1 });
    expect(row.footnotes).toEqual([0]);
    expect(one.footnotes).toEqual([
      '74 of the 75 corrupted cells were measured: no mCE and no mrCE, which need all.',
    ]);
    const two = table(1, [madeUp({ seed: 1 }), whole, holed(2)]);
    expect(two.footnotes).toEqual([
      '1 of 2 seeds measured 74 of the 75 corrupted cells: mCE and mrCE are over 1 seed.',
    ]);
    expect(two.groups[0]!.rows[1]!.cells[1]!.figure!.n).toBe(1);
    const frequencies = table(4, [madeUp({ seed: 1 }), holed(1)]);
    expect(frequencies.groups[0]!.rows[1]!.cells.map(({ figure }) => figure === undefined)).toEqual([
      true,
      false,
      false,
    ]);
    expect(frequencies.footnotes).toEqual([
      'Without Fog at all five severities, here or in the baseline: no figure for the group.',
    ]);
  });

  it('says how seeds are compared', () => {
    const seeds = (variant: string, numbers: number[]) => numbers.map((seed) => madeUp({ seed, variant }));
    const paired = table(1, [...seeds('baseline', [1, 2]), ...seeds('push-pull avg3', [1, 2])]).caption.join(
      ' ',
    );
    expect(paired).toContain('over the 2 seeds of a row (divisor n − 1');
    expect(paired).toContain('Each seed is compared with the same seed of the baseline');
    const unpaired = table(1, [...seeds('baseline', [1, 2]), ...seeds('push-pull avg3', [1, 3, 4])]);
    expect(unpaired.caption.join(' ')).toContain('otherwise with the mean CE of the baseline');
    expect(unpaired.groups[0]!.rows.map(({ detail }) => detail)).toEqual(['2 seeds', '3 seeds']);
    expect(table(1, [madeUp()]).caption.join(' ')).not.toContain('seed');
  });

  it('says where corrupted images came from, and calls no set published that cannot prove it', () => {
    const made = madeUp();
    const caption = (data: Partial<Result['data']>) =>
      table(1, [{ ...made, data: { ...made.data, ...data } }]).caption.join(' ');
    const corrupted = { format: 'cifar10-c', fingerprints: {} } as const;
    expect(caption({})).toContain('test images, corrupted in memory.');
    expect(caption({ corrupted, frost: 'published' })).toContain(
      'read from a set that does not tell who made it.',
    );
    expect(caption({ corrupted, frost: 'generated' })).toContain('read from a set made by pushpull.');
  });

  it('3 has a row a pooling, over alpha', () => {
    const alphas = (avg: number, values: number[]) =>
      values.map((alpha) =>
        madeUp({ seed: 1, variant: `push-pull avg${avg} α ${alpha}`, scale: 1 - alpha / 100 }),
      );
    const found = table(3, [
      ...alphas(3, [2, 0.5]),
      madeUp({ seed: 1, variant: 'push-pull avg3' }),
      ...alphas(0, [0.5, 2]),
      madeUp({ seed: 1 }),
    ]);
    expect(outline(found)).toEqual([['ResNet-18', 'baseline', 'push-pull, no pooling', 'push-pull avg3']]);
    expect(found.groups[0]!.rows[1]!.cells[1]!.figure!.mean).toBeCloseTo((0.995 + 0.98) / 2, 6);
    expect(found.caption.join(' ')).toContain('α in {0.5, 2}; the paper’s are {0.5, 1, 2, 3, 4, 5, 6}');
    expect(found.caption.join(' ')).toContain('1 of the given networks have no fixed α');
  });

  it('refuses what it cannot be made of', () => {
    const other = madeUp({ variant: 'push-pull avg3' });
    const elsewhere = { ...other, data: { ...other.data, fingerprint: 'e'.repeat(64) } };
    const cases: [TableNumber, Result[], RegExp][] = [
      [1, [], /Table 1 needs at least one result/],
      [1, [madeUp(), elsewhere], /same corrupted images .* found CIFAR-10 with other images or labels/],
      [4, [other], /Table 4 is relative to a baseline: .* --baseline/],
      [3, [madeUp(), other], /fixed inhibition strengths: .* --alpha/],
      [3, [madeUp({ variant: 'push-pull avg3 α 1' })], /Table 3 is relative to a baseline/],
    ];
    for (const [which, results, message] of cases) {
      expect(() => table(which, results)).toThrow(UserError);
      expect(() => table(which, results)).toThrow(message);
    }
    const rows = rowsOfResults([madeUp(), other]).slice(1);
    expect(() => paperTable(1, rows)).toThrow(
      /expected its baseline ResNet-18 baseline on CIFAR-10 among the rows/,
    );
  });
});

describe('the formats', () => {
  const results = [
    ...[1, 2].map((seed) => madeUp({ seed, scale: 1 + seed / 100 })),
    ...[1, 2].map((seed) => madeUp({ seed, variant: 'push-pull avg3', scale: 0.9 + seed / 50 })),
    madeUp({ name: 'a_b & <c> 50%', variant: 'onnx', seed: 1 }),
  ];
  const scaled = 'width 16, "fast"';
  const made = table(1, results, { scaled });
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'pushpull-tables-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are written beside each other, and all say that the experiment is scaled down', async () => {
    const out = path.join(folder, 'tables');
    const files = await saveTable(made, out);
    expect((await readdir(out)).sort()).toEqual(['table-1.csv', 'table-1.html', 'table-1.md', 'table-1.tex']);
    for (const file of Object.values(files)) expect(await readFile(file, 'utf8')).toContain('width 16');
    expect(paperTableText(made, { columns: 2000 })).toContain('Scaled down: width 16');
    const blocked = path.join(folder, 'file');
    await writeFile(blocked, '');
    await expect(saveTable(made, path.join(blocked, 'x'))).rejects.toThrow(UserError);
  });

  it('CSV: full precision, one header line, every figure', async () => {
    const lines = (await writeTable(made, 'csv')).trimEnd().split('\n');
    expect(lines).toHaveLength(1 + 3 * 18);
    const width = lines[0]!.split(',').length;
    const fields = lines.map((line) => line.match(/("([^"]|"")*"|[^,]*)(,|$)/g)!.slice(0, width));
    const rows = fields.map((row) => row.map((text) => text.replace(/,$/, '').replace(/^"(.*)"$/s, '$1')));
    const [header, ...body] = rows;
    const record = body.map((row) => Object.fromEntries(header!.map((name, index) => [name, row[index]!])));
    const mce = record.find(
      ({ variant, metric }) => variant === 'push-pull avg3' && metric === 'mce.absolute',
    )!;
    const figure = made.groups[0]!.rows[1]!.cells[1]!.figure!;
    expect([Number(mce.mean), Number(mce.std), mce.n, mce.over]).toEqual([
      figure.mean,
      figure.std,
      '2',
      'seeds',
    ]);
    expect([mce.paper_mean, mce.baseline, mce.scaled]).toEqual([
      '0.2728',
      'ResNet-18 baseline on CIFAR-10',
      'width 16, ""fast""',
    ]);
    expect(new Set(record.map(({ metric }) => metric)).size).toBe(18);
  });

  it('LaTeX: environments, braces and columns are in balance, special characters escaped', () => {
    for (const which of [1, 4, 6] as const) {
      const text = tableLatex(table(which, results, { scaled: '5 % of the images_' }));
      const begun = [...text.matchAll(/\\begin\{(.*?)\}/g)].map((match) => match[1]!);
      const ended = [...text.matchAll(/\\end\{(.*?)\}/g)].map((match) => match[1]!);
      expect(ended.reverse()).toEqual(begun);
      const bare = text.replace(/^%.*$/gm, '').replace(/\\[\\{}$&#%_]/g, '');
      expect(bare.split('{').length).toBe(bare.split('}').length);
      expect(bare.split('$').length % 2).toBe(1);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is not ASCII
      expect(text).not.toMatch(/[^\x00-\x7f]/);
      expect(text).toContain('a\\_b \\& $<$c$>$ 50\\%');
      const body = text.slice(text.indexOf('\\toprule'), text.indexOf('\\bottomrule'));
      const columns = which === 4 ? 4 : 19;
      for (const line of body.split('\n').filter((candidate) => candidate.endsWith(' \\\\'))) {
        const cells = line
          .split(/(?<!\\)&/)
          .map((cell) => Number(/multicolumn\{(\d+)\}/.exec(cell)?.[1] ?? 1));
        expect(
          cells.reduce((sum, span) => sum + span, 0),
          line,
        ).toBe(columns);
      }
    }
    expect(tableLatex(made)).toMatch(
      /push-pull avg3 \(2 seeds\) & \$\.069 \\pm \.000\$ & \$\\mathbf\{\.\d{4}\} \\pm /,
    );
    expect(escapeLatex('α ± {x} ~^\\')).toBe(
      '$\\alpha$ $\\pm$ \\{x\\} \\textasciitilde{}\\textasciicircum{}\\textbackslash{}',
    );
  });

  it('Markdown: as many cells in every line, the paper under ours', async () => {
    const text = await writeTable(made, 'markdown');
    const lines = text.split('\n').filter((line) => line.startsWith('|'));
    const counts = new Set(lines.map((line) => line.split(/(?<!\\)\|/).length));
    expect([...counts]).toEqual([21]);
    const at = lines.findIndex((line) => line.startsWith('| push-pull\u00a0avg3'));
    expect(lines[at]).toMatch(/\| \*\*\.\d{4}\u00a0±\u00a0\.\d{4}\*\* \|/);
    expect(lines[at + 1]).toMatch(/^\| _paper_ \| _\.071_ \| _\.2728_ \| _\.970_ \| {2}\|/);
  });

  it('HTML: loads nothing, escapes names, has the figures twice, wide and for a phone', async () => {
    const html = await writeTable(made, 'html');
    expect(html).not.toMatch(/(src|href)="?http|url\(http/);
    expect(html).toContain('a_b &amp; &lt;c> 50%');
    expect(html.match(/<table class="results paper-table/g)).toHaveLength(1 + 5);
    const figure = made.groups[0]!.rows[1]!.cells[1]!.figure!;
    const printed = `${figure.mean.toFixed(4).slice(1)}<small>± ${figure.std!.toFixed(4).slice(1)}</small>`;
    expect(html.split(printed)).toHaveLength(3);
  });

  it('terminal: fits the line, the paper only where it has numbers', () => {
    const text = paperTableText(made, { columns: 80, color: false });
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(text.match(/^ {2}paper/gm)).toHaveLength(2);
    expect(text).toMatch(/push-pull avg3 .*\*/);
    expect(captionSentences(made).join(' ')).toContain('° better');
  });
});
