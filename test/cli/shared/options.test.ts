import { expect, it } from 'vitest';
import { inhibition, integer, positive, share } from '../../../src/cli/shared/options.ts';

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

it.each(['NaN', 'Infinity', '1e400', '0x10', '0b1', '', ' ', '-0', '1_000', '५', '--'])(
  '"%s" is no number above 0',
  (text) => {
    expect(() => positive('--max-lr')(text)).toThrow(`--max-lr: expected a number above 0, found "${text}"`);
  },
);

it('reads a zero without a sign', () => {
  expect(Object.is(positive('--jsd', 'or zero')('-0'), 0)).toBe(true);
  expect(Object.is(inhibition('-0'), 0)).toBe(true);
});

it.each([
  ['--batch', '2147483648', '--batch: expected a whole number from 1 to 65536, found "2147483648"'],
  ['--workers', '100000', '--workers: expected a whole number from 1 to 512, found "100000"'],
  ['--threads', ' 5 ', '--threads: expected a whole number from 1 to 1024, found " 5 "'],
  ['--width', '', '--width: expected a whole number from 1 to 4096, found ""'],
])('%s "%s"', (option, text, message) => {
  expect(() => integer(option, 1)(text)).toThrow(message);
});
