import { expect, it } from 'vitest';
import { share } from '../../../src/cli/shared/options.ts';

it.each([
  ['0.2', 0.2],
  ['20%', 0.2],
  [' 2.5 % ', 0.025],
])('a share is a number below 1 or percent: %s', (text, expected) => {
  expect(share('--fraction')(text)).toBe(expected);
});

it.each(['0', '1', '100%', '%', '20', 'x%', ''])('"%s" is no share', (text) => {
  expect(() => share('--fraction')(text)).toThrow(
    `--fraction: expected a share between 0 and 1 such as 0.1 or 10%, found "${text}"`,
  );
});
