import { expect, it } from 'vitest';
import { escapeMarkdown } from '../../src/report/format.ts';

/** What a CommonMark parser with GitHub's tables, strikes and links (markdown-it-py 4) turns back into the text, and nothing else. */
it.each([
  ['a|b', 'a\\|b'],
  ['`x` [y](z)', '\\`x\\` \\[y\\](z)'],
  ['<script>', '\\<script\\>'],
  ['&lt;b&#62;', '\\&lt;b\\&\\#62;'],
  ['~~x~~ $y$', '\\~\\~x\\~\\~ \\$y\\$'],
  ['1. one', '1\\. one'],
  ['2) two', '2\\) two'],
  ['- a', '\\- a'],
  ['---', '\\---'],
  ['http://x.example', 'http\\://x.example'],
  ['www.x.example', 'www\\.x.example'],
  ['x@y.example', 'x\\@y.example'],
  ['two\nlines', 'two lines'],
  ['12.5 % of -0.5 - 1', '12.5 % of -0.5 - 1'],
])('%j is written %j', (text, escaped) => {
  expect(escapeMarkdown(text)).toBe(escaped);
});
