/** The page's style sheet and its embedded font. */
import { readFile } from '../../../files/fs.ts';
import { FONT_FAMILY } from '../../theme.ts';
import { BASE } from './base.ts';
import { PHONE } from './phone.ts';
import { PICTURES } from './pictures.ts';
import { PRINT } from './print.ts';
import { TABLES } from './tables.ts';

/** Latin, then Greek for α and β: the variable font, so that one file holds every weight. */
const FONTS = [
  {
    file: 'inter-latin-wght-normal.woff2',
    range:
      'U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215',
  },
  { file: 'inter-greek-wght-normal.woff2', range: 'U+0370-03FF' },
];

/** The whole style sheet, fonts included as data. */
export async function styleSheet(): Promise<string> {
  const faces = await Promise.all(
    FONTS.map(async ({ file, range }) => {
      const data = (await readFile(new URL(`../../../../assets/fonts/${file}`, import.meta.url))).toString(
        'base64',
      );
      return (
        `@font-face{font-family:${FONT_FAMILY};font-style:normal;font-weight:100 900;font-display:swap;` +
        `src:url(data:font/woff2;base64,${data}) format('woff2');unicode-range:${range}}`
      );
    }),
  );
  // What paper and phones do differently comes last, as it overrules the rest.
  return [...faces, BASE, TABLES, PICTURES, PHONE, PRINT].join('\n');
}
