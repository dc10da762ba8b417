/**
 * Colours and type of the report, shared by page and charts.
 *
 * The baseline is always grey; models that are compared with it take the accents in order. Neighbours in that
 * order differ in lightness as well as in hue, so that they stay apart for colour-blind readers and on grey paper. All
 * are dark enough for words on white (contrast 4.5 to 1), as labels at line ends have the colours of their lines.
 */
export const COLORS = {
  ink: '#16191d',
  muted: '#5b6470',
  faint: '#8a939e',
  rule: '#dfe3e8',
  /** Edges of what can be pressed: 3 to 1 against paper. */
  line: '#8b94a0',
  focus: '#1f5fa8',
  wash: '#f5f6f8',
  paper: '#ffffff',
  baseline: '#6b7684',
  better: '#0a6b52',
  betterWash: '#e3f3ed',
  worse: '#7a4a12',
  wrong: '#b3261e',
  /** Full strength of a heat map. */
  heat: '#d1480c',
} as const;

const ACCENTS = ['#d1480c', '#1f5fa8', '#6a3d9a', '#0b7d77', '#8f6900', '#a3265e'];

/** How many models can be told apart by colour alone. */
export const ACCENT_COUNT = ACCENTS.length;

/** Colour of the model at `index` among those that are not the baseline. */
export function accent(index: number): string {
  return ACCENTS[index % ACCENTS.length]!;
}

/** The family that is embedded in the page and given to the PNG renderer. */
export const FONT_FAMILY = 'Inter';
export const FONT_STACK = `${FONT_FAMILY}, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif`;
