/** Every place that a user can name, on every command: what the system refuses is one line and status 2, soon. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { exampleResult } from '../evaluate/results.ts';
import { tinyModel } from '../evaluate/tiny-model.ts';
import { printedBy } from './command.ts';

const root = mkdtempSync(join(tmpdir(), 'pushpull-refusals-'));
const at = (name: string) => join(root, name);

/** Places of which no file can be read, nor any be written there. Root may read everything, but not these. */
const WRONG = {
  'a circle of links': at('circle'),
  'a file for a folder': join(at('file'), 'below'),
  'a name that is too long': at('n'.repeat(300)),
} as const;
const NOT_A_FILE = { ...WRONG, 'a folder': at('folder') } as const;
const NOT_THERE = { ...WRONG, nothing: at('nothing') } as const;
const NO_FILE = { ...NOT_A_FILE, nothing: at('nothing') } as const;
const NO_FOLDER = { ...WRONG, 'a file': at('file') } as const;

const data = ['--data', at('data')] as const;
const size = ['--mean', '0', '--std', '1'] as const;
const evaluate = ['evaluate', at('model.onnx'), ...size, '--corruptions', 'none'] as const;
const retrofit = ['retrofit', at('model.onnx'), ...size, '--avg', '3', '--alpha', '1'] as const;
const corrupt = ['corrupt', '--corruption', 'fog', '--severity', '1'] as const;

/** Command lines that end where a place is wanted, and the places that are refused there. */
const TABLE: readonly (readonly [words: readonly string[], wrong: Readonly<Record<string, string>>])[] = [
  [['train', '--out', at('new'), '--data'], { ...NOT_THERE, 'a file': at('file') }],
  [['train', ...data, '--out'], NO_FOLDER],
  [['train', ...data, '--out', at('new'), '--weights'], NO_FILE],
  [['train', ...data, '--out', at('new'), '--classes-file'], NO_FILE],
  [['train', '--resume', '--out'], { ...NO_FOLDER, nothing: at('nothing') }],
  [['search', '--lr', '0.1,0.2', '--out', at('new'), '--data'], { ...NOT_THERE, 'a file': at('file') }],
  [['search', '--lr', '0.1,0.2', ...data, '--out'], NO_FOLDER],
  [['search', ...data, '--out', at('new'), '--lr', '1', '--classes-file'], NO_FILE],
  [['search', '--resume', '--out'], { ...NO_FOLDER, nothing: at('nothing') }],
  [['evaluate', ...data, ...size], { ...NO_FILE, 'a file': at('file') }],
  [[...evaluate, '--data'], { ...NOT_THERE, 'a file': at('file') }],
  [[...evaluate, ...data, '--out'], NOT_A_FILE],
  [[...evaluate, ...data, '--baseline'], { ...NO_FILE, 'a file': at('file') }],
  [[...evaluate, ...data, '--labels'], NO_FILE],
  [[...evaluate, ...data, '--classes-file'], NO_FILE],
  [
    ['evaluate', at('model.onnx'), ...size, '--corruptions', 'frost', ...data, '--frost-dir'],
    { ...NO_FOLDER, nothing: at('nothing') },
  ],
  [[...evaluate, '--data', `cifar10-c:${at('folder')}`, '--clean'], NOT_THERE],
  [['report', '--out', at('new')], { ...NO_FILE, 'a file': at('file') }],
  [['report', at('result.json'), '--out'], NO_FOLDER],
  [['report', at('result.json'), '--out', at('new'), '--baseline'], NO_FILE],
  [['inspect', '--out', at('new')], { ...NO_FILE, 'a file': at('file') }],
  [['inspect', '--out', at('new'), '--image'], { ...NO_FILE, 'a file': at('file') }],
  [['inspect', '--out', at('new'), '--figures', '9', '--data'], { ...NOT_THERE, 'a file': at('file') }],
  [['inspect', '--out', at('new'), '--results'], { ...NO_FILE, 'a file': at('file') }],
  [['inspect', '--results', at('result.json'), '--out', at('new'), '--baseline'], NO_FILE],
  [['inspect', '--image', at('picture.png'), '--out'], NO_FOLDER],
  [['experiment', '--out', at('new')], { ...NO_FILE, 'a file': at('file') }],
  [['experiment', 'table1-cifar10', '--dry-run', '--out', at('new'), '--data'], NOT_THERE],
  [['experiment', 'table1-cifar10', '--dry-run', ...data, '--out'], NO_FOLDER],
  [[...corrupt, '--out', at('new'), '--data'], { ...NOT_THERE, 'a file': at('file') }],
  [[...corrupt, '--data', at('picture.png'), '--out'], NO_FOLDER],
  [[...corrupt, ...data, '--out'], NO_FOLDER],
  [[...corrupt, ...data, '--out', at('new'), '--frost-dir'], { ...NO_FOLDER, nothing: at('nothing') }],
  [['augment', '--augment', 'augmix', '--out', at('new.png')], { ...NO_FILE, 'a file': at('file') }],
  [['augment', at('picture.png'), '--augment', 'augmix', '--count', '1', '--out'], NOT_A_FILE],
  [['export', '--out', at('new.onnx')], { ...NO_FOLDER, nothing: at('nothing') }],
  [['export', '--model', 'resnet18', '--classes', '3', '--out', at('new.onnx'), '--weights'], NO_FILE],
  [['retrofit', ...size, '--out', at('new.onnx')], { ...NO_FILE, 'a file': at('file') }],
  [[...retrofit, '--out'], NOT_A_FILE],
  [[...retrofit, '--out', at('new.onnx'), ...data, '--labels'], NO_FILE],
  [[...retrofit, '--out', at('new.onnx'), '--data'], { ...NOT_THERE, 'a file': at('file') }],
  [['data'], { ...NOT_THERE, 'a file': at('file') }],
  [['data', at('data'), '--preview'], NOT_A_FILE],
  [['data', 'imagenet', '--out', at('new'), '--from'], { ...NO_FOLDER, nothing: at('nothing') }],
  [['data', 'imagenet', '--from', at('folder'), '--out'], NO_FOLDER],
  [['compare', at('result.json')], { ...NO_FILE, 'a file': at('file') }],
  [['demo', '--quick', '--out', at('new'), '--data'], { ...NOT_THERE, 'a file': at('file') }],
  [['demo', '--quick', '--out'], NO_FOLDER],
  [['data', at('data'), '--labels-csv'], NO_FILE],
  [['train', ...data, '--out', at('new'), '--labels-csv'], NO_FILE],
  [['search', ...data, '--out', at('new'), '--lr', '1', '--labels-csv'], NO_FILE],
  [[...evaluate, ...data, '--labels-csv'], NO_FILE],
  [['inspect', '--out', at('new'), '--figures', '9', ...data, '--labels-csv'], NO_FILE],
  [[...corrupt, ...data, '--out', at('new'), '--labels-csv'], NO_FILE],
  [[...retrofit, '--out', at('new.onnx'), ...data, '--labels-csv'], NO_FILE],
  [['export', '--weights', at('nothing'), '--out', at('new.onnx'), '--class-names'], NO_FILE],
  [['export', at('folder'), '--out'], { 'a folder': at('folder.onnx/') }],
];

beforeAll(async () => {
  mkdirSync(at('folder'));
  writeFileSync(at('file'), 'text\n');
  symlinkSync(at('circle'), at('circle'));
  writeFileSync(at('model.onnx'), tinyModel());
  writeFileSync(at('result.json'), JSON.stringify(exampleResult()));
  const picture = sharp({ create: { width: 16, height: 16, channels: 3, background: 'teal' } });
  const bytes = await picture.png().toBuffer();
  writeFileSync(at('picture.png'), bytes);
  for (const split of ['train', 'test']) {
    for (const name of ['a', 'b', 'c']) {
      mkdirSync(at(`data/${split}/${name}`), { recursive: true });
      for (const index of [0, 1]) writeFileSync(at(`data/${split}/${name}/${index}.png`), bytes);
    }
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const cases = TABLE.flatMap(([words, wrong]) =>
  Object.entries({ ...wrong, 'no name': '' }).map(([kind, place]) => ({
    line: words.join(' ').replaceAll(`${root}/`, ''),
    ...{ kind, words: [...words, place] },
  })),
);

describe('a place that will not do', () => {
  it.each(cases)('$line: $kind', async ({ words, kind }) => {
    const before = readdirSync(root);
    const { status, stdout, stderr } = await printedBy(...words);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^error: \S/);
    expect(stderr).not.toMatch(/\n +at |ENO|EISD|EINV|ELOOP/);
    expect(stderr.match(/^error:/gm)).toHaveLength(1);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    // Nothing half-written; an empty folder at most.
    expect(kind === 'a file' ? before : readdirSync(root)).toEqual(before);
  });
});

it('every option for a place is in the table', () => {
  // A cache that cannot be used is done without; what `--torch` names is looked at in torch-find.test.ts. A report without
  // its images says so, and is one.
  const OTHERWISE = ['--cache', '--torch', '--frost', 'report --data'];
  const options = createProgram().commands.flatMap((command) =>
    command.options
      .filter(({ flags, long }) => /<(file|dir|folder|path|data)/.test(flags) && !OTHERWISE.includes(long!))
      .map(({ long }) => `${command.name()} ${long}`),
  );
  const tried = new Set(TABLE.map(([words]) => `${words[0]} ${words.at(-1)}`));
  expect(options.filter((option) => !tried.has(option) && !OTHERWISE.includes(option))).toEqual([]);
});
