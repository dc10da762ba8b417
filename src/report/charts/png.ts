/** From SVG to PNG, without a browser. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { COLORS, FONT_FAMILY } from '../theme.ts';
import { framed, MARGIN, type Svg } from './picture.tsx';

/** Fonts come with the package, so that charts have text on a machine without any. */
const FONT_FILES = ['Inter-Regular.ttf', 'Inter-SemiBold.ttf'].map((file) =>
  fileURLToPath(new URL(`../../../assets/fonts/${file}`, import.meta.url)),
);

/** Pixels of a PNG for each CSS pixel: sharp on dense screens and in print. */
export const PNG_SCALE = 2;

/** Rasterizes a picture at twice its size on white, with a margin. */
export function toPng(svg: Svg, margin = MARGIN): Uint8Array {
  // Its native library is wanted by nothing else, and may be missing.
  const { Resvg } = createRequire(import.meta.url)('@resvg/resvg-js') as typeof import('@resvg/resvg-js');
  const resvg = new Resvg(framed(svg, margin).text, {
    fitTo: { mode: 'zoom', value: PNG_SCALE },
    background: COLORS.paper,
    font: { loadSystemFonts: false, fontFiles: FONT_FILES, defaultFontFamily: FONT_FAMILY },
  });
  return new Uint8Array(resvg.render().asPng());
}
