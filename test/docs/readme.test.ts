import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import {
  anchors,
  blocks,
  commandLines,
  DOCUMENTS,
  GUIDE,
  links,
  ROOT,
  read,
  shellWords,
} from './documents.ts';

describe('README and the guide', () => {
  test('README is read in one sitting', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });

  test("show the library's own examples, which test/index.test.ts runs", () => {
    const examples = [...read('src/index.ts').matchAll(/ \* ```ts \w+\n([\s\S]*?) \* ```/g)].map(([, text]) =>
      text.replaceAll(/^ \* ?/gm, '').trim(),
    );
    expect(examples.length).toBeGreaterThanOrEqual(4);
    expect(blocks('docs/guide/library.md', 'ts')).toEqual(examples);
    expect(GUIDE.filter((document) => blocks(document, 'ts').length > 0)).toEqual(['docs/guide/library.md']);
  });

  test('the map names files and folders that are there', () => {
    const named = [...read('docs/architecture.md').matchAll(/`([a-z][\w./-]*(?:\/|\.tsx?|\.py))`/g)].map(
      ([, place]) => place!,
    );
    expect(named.length).toBeGreaterThan(60);
    const folders = [
      '',
      'src',
      'src/data',
      'src/data/loader',
      'src/train',
      'src/train/step',
      'src/evaluate',
      'src/evaluate/grid',
    ];
    const more = [
      'src/evaluate/result',
      'src/corrupt',
      'src/augment',
      'test/graph',
      'test/cli',
      'src/graph/ops',
    ];
    const isThere = (place: string) =>
      [...folders, ...more].some((folder) => existsSync(join(ROOT, folder, place)));
    expect(named.filter((place) => !isThere(place))).toEqual([]);
  });

  test('README shows at least one line of every command', () => {
    const shown = new Set(
      commandLines('README.md')
        .filter((line) => line.startsWith('pushpull '))
        .map((line) => line.split(' ')[1]),
    );
    const commands = createProgram().commands.map((command) => command.name());
    // The demo is what `npm start` runs.
    expect([...shown, 'demo'].sort()).toEqual(commands.sort());
  });

  test.each(GUIDE)('%s: commands and options exist', (document) => {
    const scripts = JSON.parse(read('package.json')).scripts;
    for (const line of commandLines(document)) {
      const words = shellWords(line, '~').filter((word) => !/^[A-Z_]+=/.test(word));
      const [program, name] = words;
      if (program === 'npm') {
        const script = name === 'run' ? words[2] : name;
        expect(
          scripts[script!] ?? (/^(ci|install|rebuild|link)$/.test(name!) ? name : undefined),
          line,
        ).toBeDefined();
        continue;
      }
      const own = program === 'npx' ? words.slice(1) : words;
      expect(own[0], line).toBe('pushpull');
      const command = createProgram().commands.find((candidate: Command) => candidate.name() === own[1]);
      expect(command, line).toBeDefined();
      const known = command!.options.map(({ long }) => long);
      for (const word of own.filter((candidate) => candidate.startsWith('--')))
        expect(known, line).toContain(word);
    }
  });

  test('are one text: every page is linked from README', () => {
    const linked = links('README.md').map((link) => link.replace(/#.*/, ''));
    for (const page of GUIDE.slice(1)) expect(linked).toContain(page);
  });
});

describe.each(DOCUMENTS)('%s', (document) => {
  test('leads somewhere with every link, anchors included', () => {
    for (const link of links(document)) {
      if (/^https?:/.test(link)) continue;
      const [path, anchor] = link.split('#');
      const target = path === '' ? document : join(dirname(document), path!);
      expect(existsSync(join(ROOT, target)), `${link} in ${document}`).toBe(true);
      if (anchor !== undefined) expect(anchors(target), `${link} in ${document}`).toContain(anchor);
    }
  });
});

test('the package has the pages that README links, and of pictures those that it shows', () => {
  const files: string[] = JSON.parse(read('package.json')).files;
  const wanted = links('README.md').filter((link) => !/^https?:/.test(link));
  expect(wanted.length).toBeGreaterThan(10);
  for (const link of wanted) {
    const path = link.replace(/#.*/, '');
    expect(
      files.some((file) => path === file || path.startsWith(`${file}/`)),
      link,
    ).toBe(true);
  }
  const shown = wanted.filter((link) => /\.(png|webp|svg)$/.test(link));
  const packed = files
    .filter((file) => file.startsWith('docs/') && !file.endsWith('.md'))
    .flatMap((file) => readdirSync(join(ROOT, file)).map((name) => `${file}/${name}`));
  expect(packed.filter((file) => !file.endsWith('.md')).sort()).toEqual(shown.sort());
});
