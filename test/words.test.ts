import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as statistics from '../src/cli/evaluate/statistics-format.ts';
import * as format from '../src/report/format.ts';
import * as words from '../src/words.ts';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

describe('plural', () => {
  it.each([
    [1, 'thread', '1 thread'],
    [0, 'image', '0 images'],
    [1500, 'training image', '1,500 training images'],
    [2, 'class', '2 classes'],
    [1, 'class', '1 class'],
    [2, 'entry', '2 entries'],
    [2, 'day', '2 days'],
    [30, 'epoch', '30 epochs'],
    [3, 'batch', '3 batches'],
  ])('%d %s', (count, noun, expected) => {
    expect(words.plural(count, noun)).toBe(expected);
  });
});

describe('what rounds to zero', () => {
  const tiny = [-0, -1e-9, -4e-4 / 100];

  it.each([
    ['decimals', (value: number) => words.decimals(value, 2)],
    ['signed', (value: number) => words.signed(value, 2)],
    ['percent', words.percent],
    ['percent of statistics', statistics.percent],
    ['points of statistics', statistics.points],
    ['formatFraction', (value: number) => format.formatFraction(value)],
    ['formatPercent', (value: number) => format.formatPercent(value)],
    ['formatPoints', (value: number) => format.formatPoints(value)],
    ['formatNumber', (value: number) => format.formatNumber(value)],
  ] as const)('has no sign by %s', (_, form) => {
    for (const value of tiny) {
      expect(form(value)).not.toMatch(/[-−+]/);
      expect(form(-value)).not.toMatch(/[-−+]/);
    }
    expect(form(-0.5)).toMatch(/^[-−]/);
  });

  it('is written nowhere on the terminal by hand', () => {
    const files = readdirSync(join(SRC, 'cli'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    expect(files.length).toBeGreaterThan(30);
    const own = files.filter((file) => /\.toFixed\(/.test(readFileSync(join(SRC, 'cli', file), 'utf8')));
    expect(own).toEqual([]);
  });
});
