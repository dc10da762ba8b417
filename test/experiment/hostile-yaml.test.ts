import { expect, it } from 'vitest';
import { parseExperiment } from '../../src/experiment/read.ts';

const nine = (text: string) => Array(9).fill(text).join(', ');
const BOMB = [
  `a0: &a0 [${nine('x')}]`,
  ...Array.from({ length: 8 }, (_, i) => `a${i + 1}: &a${i + 1} [${nine(`*a${i}`)}]`),
];

it.each([
  ['multiply', BOMB.join('\n'), /^bad\.yaml: expected aliases .*, found Excessive alias count/],
  [
    'form a circle',
    'schema: pushpull.experiment/1\ntitle: &a\n  b: *a\n',
    /^bad\.yaml: expected aliases .*, found an alias inside/,
  ],
  ['name nothing', 'title: *nope\n', /^bad\.yaml: expected aliases .*, found Unresolved alias/],
  ['nest without end', '['.repeat(3000) + ']'.repeat(3000), /^bad\.yaml: .*found lists in each other/],
  ['nest without an end', `${'- '.repeat(3000)}a`, /^bad\.yaml: .*found lists in each other/],
])('refuses values that %s', (_, text, message) => {
  const error = (() => {
    try {
      parseExperiment(text, 'bad.yaml');
    } catch (caught) {
      return caught as Error;
    }
  })();
  expect(error).toMatchObject({ name: 'UserError', message: expect.stringMatching(message) });
  expect(error!.message).not.toContain('\n');
});
