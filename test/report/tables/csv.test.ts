import { expect, it } from 'vitest';
import { field } from '../../../src/report/tables/formats/csv.ts';

it.each([
  ['=1+2', "'=1+2"],
  ['+a', "'+a"],
  ['-a', "'-a"],
  ['@sum', "'@sum"],
  ['\ta', "'\ta"],
  ['\ra', `"'\ra"`],
  ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
  ['a=b', 'a=b'],
  [-0.5, '-0.5'],
  [undefined, ''],
])('%j is the field %s', (value, expected) => {
  expect(field(value)).toBe(expected);
});
