/**
 * Every command of README and the guide, typed one after another on a newcomer's machine that is small: options that make
 * it quick are added behind, nothing of the line is changed. Pages may show what another page or a command before them
 * has made.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { printedBy } from '../cli/command.ts';
import { commandLines, GUIDE, shellWords } from './documents.ts';
import { makeWorld } from './world.ts';

const THREADS = ['--threads', '1', '--workers', '1'];
const TRAINING = ['--epochs', '1', '--batch', '4', '--limit', 'train=8,test=4', ...THREADS];
const NARROW = ['--width', '4', '--form', 'cifar'];

/** What makes a command quick, by what it is given. */
function quick(words: readonly string[]): string[] {
  const without = (option: string, ...added: string[]) => (words.includes(option) ? [] : [option, ...added]);
  switch (words[0]) {
    case 'train':
      if (words.includes('--resume')) return THREADS;
      return [...TRAINING, ...(words.includes('--weights') ? [] : NARROW)];
    case 'search':
      return [
        '--lr',
        '0.1',
        '--batch',
        '4',
        '--epochs',
        '1',
        '--limit',
        'train=40,test=10',
        ...NARROW,
        ...THREADS,
      ];
    case 'evaluate':
      return [
        ...without('--corruptions', 'fog'),
        ...without('--severities', '1'),
        ...(words.some((word) => /-c:/.test(word)) ? [] : ['--limit', '4']),
        ...THREADS,
      ];
    case 'compare':
      return ['--resamples', '100'];
    case 'corrupt':
      return words.includes('--corruption') && !words.includes('all')
        ? ['--limit', '2', '--workers', '1'].slice(words.includes('photo.jpg') ? 2 : 0)
        : ['--corruption', 'fog,contrast', '--severity', '1', '--workers', '1'];
    case 'retrofit':
      return ['--images', '6', '--limit', '4', ...THREADS];
    default:
      return [];
  }
}

/** What is not run here, and where it is. */
const ELSEWHERE: readonly [command: RegExp, where: string][] = [
  [/^data (cifar10|mnist)$/, 'downloads: test/cli/data/data.test.ts, from a server of its own'],
  [/^data '?imagenet/, "ImageNet's archives: test/data/imagenet"],
  [/^experiment \S/, 'test/cli/experiment/experiment.test.ts'],
  [/^demo$/, 'test/cli/demo.test.ts'],
  [/^doctor$/, 'test/cli/doctor/doctor.test.ts'],
  [/imagenet-c:/, 'test/cli/corrupted-sets.test.ts'],
  [/^search .*--resume/, 'test/cli/search/search.test.ts'],
];

const lines = GUIDE.flatMap((document) =>
  commandLines(document)
    .map((line) => line.replace(/^npx /, ''))
    .filter((line) => line.startsWith('pushpull '))
    .map((line) => ({ document, line: line.slice('pushpull '.length) })),
);
const here = lines.filter(({ line }) => !ELSEWHERE.some(([command]) => command.test(line)));

let home: string;
let current: string | undefined;
const cwd = process.cwd();
const cache = process.env.PUSHPULL_CACHE;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'a newcomer '));
  await makeWorld(home);
  process.env.PUSHPULL_CACHE = join(home, 'cache');
});

/** A folder for each page, with models and, unless it makes them, the runs and results that README has made. */
function enter(document: string): void {
  if (document === current) return;
  const work = join(home, String(GUIDE.indexOf(document)));
  cpSync(join(home, 'work'), work, { recursive: true });
  const readme = join(home, String(GUIDE.indexOf('README.md')), 'runs');
  if (current !== undefined && !/--out runs\/plain/.test(commandLines(document).join())) {
    cpSync(readme, join(work, 'runs'), { recursive: true });
    for (const name of ['plain', 'pushpull']) {
      cpSync(join(readme, name, 'result.json'), join(work, `${name}.json`));
      const answers = 'predictions.safetensors';
      cpSync(join(readme, name, `result.${answers}`), join(work, `${name}.${answers}`));
    }
  }
  process.chdir(work);
  current = document;
}
afterAll(() => {
  process.chdir(cwd);
  process.env.PUSHPULL_CACHE = cache;
  rmSync(home, { recursive: true, force: true });
});

/** `*` in the place of one folder, as the shell does. */
function expand(word: string): string[] {
  const [before, after] = word.split('*');
  if (after === undefined) return [word];
  return readdirSync(before!)
    .sort()
    .map((name) => `${before}${name}${after}`)
    .filter((file) => existsSync(file));
}

it('leaves out only what other tests run', () => {
  expect(lines.length - here.length).toBeLessThan(20);
  for (const [command] of ELSEWHERE)
    expect(lines.filter(({ line }) => command.test(line))).not.toHaveLength(0);
});

it.each(here)('$document: pushpull $line', async ({ document, line }) => {
  enter(document);
  const words = shellWords(line, home).flatMap(expand);
  const { status, stderr } = await printedBy(...words, ...quick(words));
  expect(`${status}\n${stderr}`).toMatch(/^0\n/);
});
