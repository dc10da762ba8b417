import { expect, test } from 'vitest';
import { floatToHalf, halfToFloat } from '../../src/graph/float16.ts';

test('every float16 survives the way to a number and back', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = halfToFloat(bits);
    if (Number.isNaN(value)) expect(floatToHalf(value)).toBe(0x7e00);
    else if (floatToHalf(value) !== bits) expect.fail(`${bits.toString(16)}: ${floatToHalf(value)}`);
  }
});

// numpy.float16(x).view(numpy.uint16), NumPy 1.24
test.each([
  [1, 0x3c00],
  [-2, 0xc000],
  [0.1, 0x2e66],
  [1 / 3, 0x3555],
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [2 - 2 ** -12, 0x4000],
  [2 ** -14 - 2 ** -26, 0x0400],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000],
  [1.5 * 2 ** -24, 0x0002],
  [65504, 0x7bff],
  [65519.9, 0x7bff],
  [65520, 0x7c00],
  [-1e9, 0xfc00],
  [-0, 0x8000],
])('%d becomes %i', (value, bits) => {
  expect(floatToHalf(value)).toBe(bits);
});
