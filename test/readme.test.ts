import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../src/cli/program.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const LIBRARY = readFileSync(new URL('../src/index.ts', import.meta.url), 'utf8');

const blocks = (language: string): string[] =>
  [...README.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) =>
    text.trim(),
  );

const commandLines = blocks('sh')
  .flatMap((block) => block.split('\n'))
  .map((line) => line.replace(/\s+#.*$/, ''))
  .filter((line) => line.startsWith('pushpull '));

describe('the README', () => {
  test("shows the library's own examples, which test/index.test.ts runs", () => {
    const examples = [...LIBRARY.matchAll(/ \* ```ts \w+\n([\s\S]*?) \* ```/g)].map(([, text]) =>
      text.replaceAll(/^ \* ?/gm, '').trim(),
    );
    expect(examples).toHaveLength(4);
    expect(blocks('ts')).toEqual(examples);
  });

  test('shows at least one line of every command', () => {
    const shown = new Set(commandLines.map((line) => line.split(' ')[1]));
    expect([...shown].sort()).toEqual(
      createProgram()
        .commands.map((command) => command.name())
        .sort(),
    );
  });

  test.each(commandLines)('%s: the command and its options exist', (line) => {
    const [, name, ...words] = line.split(' ');
    const command = createProgram().commands.find((candidate: Command) => candidate.name() === name);
    expect(command).toBeDefined();
    const known = command!.options.map(({ long }) => long);
    for (const word of words.filter((candidate) => candidate.startsWith('--'))) expect(known).toContain(word);
  });

  test('has no figure left open', () => {
    expect(README).not.toMatch(/\b(RESULTS|SPEED|DEMO_TIME|EXAMPLE_\w+)\b/);
  });
});
