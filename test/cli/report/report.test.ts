import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { formatResult } from '../../../src/evaluate/result/result.ts';
import { writeResult } from '../../evaluate/statistics/fixture.ts';
import { readHtmlTable, readMarkdownTable } from '../../report/page.ts';
import { syntheticAvg3, syntheticResult } from '../../report/synthetic.ts';
import { inProcess } from '../command.ts';

let folder: string;
let plain: string;
let pushpull: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-cli-report-'));
  plain = path.join(folder, 'plain.json');
  pushpull = path.join(folder, 'pushpull.json');
  await writeFile(plain, formatResult(syntheticResult()));
  await writeFile(pushpull, formatResult(syntheticAvg3()));
});
afterAll(() => rm(folder, { recursive: true }));

const report = (...words: string[]) => inProcess('report', ...words);

describe('pushpull report', () => {
  it('judges by the answers to single images on the terminal as on the page', async () => {
    const [first, second] = ['answers-plain.json', 'answers-pushpull.json'].map((name) =>
      path.join(folder, name),
    );
    await writeResult('baseline', first!);
    await writeResult('model', second!);
    const out = path.join(folder, 'answers');
    const { stdout } = await report(first!, second!, '--out', out);
    expect(stdout).toMatch(/push-pull avg3 +\.160 +\.3974\* +\.940\*/);
    expect(stdout.replace(/\s+/g, ' ')).toContain('More than chance: p < .05');
    const markdown = await readFile(path.join(out, 'report.md'), 'utf8');
    expect(markdown).toMatch(/\| \.160 \| \*\*\.3974\*\* \| \*\*\.940\*\* \|/);
  });

  it('writes page, Markdown and charts, prints the table, and says what is left out', async () => {
    const out = path.join(folder, 'report');
    const { stdout, stderr } = await report(pushpull, plain, '--out', out, '--title', 'Which stem?');
    expect((await readdir(out)).sort()).toEqual(['charts', 'report.html', 'report.md']);
    expect((await readdir(path.join(out, 'charts'))).sort()).toEqual([
      'corruptions.png',
      'severity-groups.png',
      'severity.png',
    ]);
    const html = await readFile(path.join(out, 'report.html'), 'utf8');
    const markdown = await readFile(path.join(out, 'report.md'), 'utf8');
    expect(html).toContain('<h1>Which stem?</h1>');
    expect(readMarkdownTable(markdown)).toEqual(readHtmlTable(html));
    expect(stdout).toMatch(/push-pull avg3 \.071 +\.2568° +\.969°/);
    expect(stdout).toContain(`report: ${path.join(out, 'report.html')}`);
    for (const missing of [
      'runs/baseline: no run folder',
      'runs/pushpull-avg3: no run folder',
      'sample images are left out',
    ]) {
      expect(stderr).toContain(missing);
      expect(html).toContain(missing);
    }
  });

  it('compares with the baseline that is named', async () => {
    const out = path.join(folder, 'turned');
    const { stdout } = await report(plain, '--baseline', pushpull, '--out', out);
    const html = await readFile(path.join(out, 'report.html'), 'utf8');
    expect([...readHtmlTable(html).rows.keys()]).toEqual(['push-pull avg3', 'baseline']);
    expect(stdout).toContain('does not help here');
  });

  it('refuses what is no result, and writes nothing', async () => {
    const out = path.join(folder, 'refused');
    const other = path.join(folder, 'other.json');
    await writeFile(other, '{"schema":"something/2"}');
    const cases: [string[], RegExp][] = [
      [[path.join(folder, 'missing.json')], /missing\.json: expected a result file, found none/],
      [
        [other],
        /other\.json: expected a result file with schema "pushpull\.result\/1", found schema "something\/2"/,
      ],
      [[plain, pushpull, '--baseline', other], /other\.json/],
      [[plain, path.join(folder, '.', 'copy.json')], /copy\.json: expected results of different models/],
    ];
    await writeFile(path.join(folder, 'copy.json'), formatResult(syntheticResult()));
    for (const [words, message] of cases) {
      const attempt = report(...words, '--out', out);
      await expect(attempt).rejects.toThrow(UserError);
      await expect(attempt).rejects.toThrow(message);
    }
    await expect(readdir(out)).rejects.toThrow();
  });

  it('writes a table of the paper in four formats and prints it', async () => {
    const out = path.join(folder, 'tables');
    const { stdout } = await report(pushpull, plain, '--table', '1', '--scaled', 'half of it', '--out', out);
    expect((await readdir(out)).sort()).toEqual(['table-1.csv', 'table-1.html', 'table-1.md', 'table-1.tex']);
    expect(stdout).toMatch(/push-pull avg3 +\.071 +\.2568° +\.969°/);
    expect(stdout).toMatch(/paper +\.071 +\.2728 +\.970/);
    expect(stdout.replace(/\s+/g, ' ')).toContain('Scaled down: half of it.');
    expect(await readFile(path.join(out, 'table-1.csv'), 'utf8')).toContain(',half of it\n');
  });

  it('compares a table with the baseline that is named, and refuses tables that there are not', async () => {
    const out = path.join(folder, 'turned-table');
    const { stdout } = await report(plain, '--table', '4', '--baseline', pushpull, '--out', out);
    expect(stdout).toMatch(/^push-pull avg3 +1\.000 +1\.000 +1\.000$/m);
    const nothing = path.join(folder, 'no-table');
    for (const [words, message] of [
      [[plain, '--table', '5'], /--table 5: expected one of the paper's tables \(1, 2, 3, 4, 6, 7\)/],
      [[plain, '--scaled', 'a bit'], /--scaled is for the caption of a table/],
      [[pushpull, '--table', '4'], /Table 4 is relative to a baseline/],
    ] as const) {
      await expect(report(...words, '--out', nothing)).rejects.toThrow(message);
    }
    await expect(readdir(nothing)).rejects.toThrow();
  });

  it('says when the folder cannot be written', async () => {
    const file = path.join(folder, 'file');
    await writeFile(file, '');
    await expect(report(plain, '--out', path.join(file, 'report'))).rejects.toThrow(UserError);
    await expect(report(plain, '--out', path.join(file, 'report'))).rejects.toThrow(/file/);
  });
});
