/** How figures and names are written in a report. A figure that was not measured is a dash, never a zero. */

export const MISSING = '—';

/** A fraction or ratio as the paper prints it: `.2853`, `1.024`, `−.012`. */
export function formatFraction(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  const text = Math.abs(value).toFixed(digits).replace(/^0\./, '.');
  return Number(text) === 0 || value >= 0 ? text : `−${text}`;
}

/** A fraction as a percentage: `28.5%`. */
export function formatPercent(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  const text = (Math.abs(value) * 100).toFixed(digits);
  return `${Number(text) !== 0 && value < 0 ? '−' : ''}${text}%`;
}

/** A difference of two fractions in percentage points, with its sign: `−1.2`, `+0.3`, `0.0`. */
export function formatPoints(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  const text = (Math.abs(value) * 100).toFixed(digits);
  return Number(text) === 0 ? text : `${value < 0 ? '−' : '+'}${text}`;
}

/** An interval as fractions: `.281 to .290`. */
export function formatInterval(interval: readonly [number, number] | undefined, digits = 3): string {
  if (!interval) return MISSING;
  return `${formatFraction(interval[0], digits)} to ${formatFraction(interval[1], digits)}`;
}

/** An interval of a difference in percentage points: `−2.1 to +0.3`. */
export function formatPointsInterval(interval: readonly [number, number] | undefined, digits = 1): string {
  if (!interval) return MISSING;
  return `${formatPoints(interval[0], digits)} to ${formatPoints(interval[1], digits)}`;
}

/** A p value: `.034`, `< .001`, `1`; three digits are enough to decide by. */
export function formatP(p: number): string {
  if (p < 0.001) return '< .001';
  return p > 0.9995 ? '1' : formatFraction(p);
}

/** A number with decimals that is no rate, such as alpha: `−0.25`, and never `−0.00`. */
export function formatNumber(value: number, digits = 2): string {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) !== 0 ? '−' : ''}${text}`;
}

/** An inhibition strength: `0.21`, and `−0.003` where two decimals would hide a sign. */
export function formatAlpha(value: number): string {
  return formatNumber(value, value !== 0 && Math.abs(value) < 0.01 ? 3 : 2);
}

/** `11173962` → `11.2M`. */
export function formatCompact(value: number): string {
  return new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
}

/** `175258` → `175,258`. */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US');
}

/** Seconds as `42 s`, `3 min 5 s` or `1 h 12 min`. */
export function formatDuration(seconds: number): string {
  const total = Math.round(seconds);
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min ${total % 60} s`;
  return `${Math.floor(total / 3600)} h ${Math.floor((total % 3600) / 60)} min`;
}

/** Column headings as short as the paper's. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  gaussian_noise: 'Gauss',
  shot_noise: 'Shot',
  impulse_noise: 'Impulse',
  defocus_blur: 'Defocus',
  glass_blur: 'Glass',
  motion_blur: 'Motion',
  zoom_blur: 'Zoom',
  snow: 'Snow',
  frost: 'Frost',
  fog: 'Fog',
  brightness: 'Bright',
  contrast: 'Contrast',
  elastic_transform: 'Elastic',
  pixelate: 'Pixelate',
  jpeg_compression: 'JPEG',
  speckle_noise: 'Speckle',
  gaussian_blur: 'Gauss blur',
  spatter: 'Spatter',
  saturate: 'Saturate',
};

export function shortName(corruption: string): string {
  return SHORT_NAMES[corruption] ?? longName(corruption);
}

/** `jpeg_compression` → `JPEG compression`. */
export function longName(corruption: string): string {
  const words = corruption.replaceAll('_', ' ').replace(/^jpeg/, 'JPEG');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** First letter in upper case, unless the label is a name with a shape of its own such as `mobilenet-v3`. */
export function capitalize(text: string): string {
  return /^(push-pull|baseline)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** `['a', 'b', 'c']` → `a, b and c`. */
export function listWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

export { plural } from '../words.ts';

/** Lines of at most `width` characters, broken at spaces. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Text that Markdown prints as it is, also inside a table cell and at the start of a line. */
export function escapeMarkdown(text: string): string {
  return (
    text
      .replace(/\s+/g, ' ')
      .replace(/[\\`*_[\]<>|#&~$]/g, (character) => `\\${character}`)
      // Addresses become links by themselves, and what begins as a list a list.
      .replace(
        /:(?=\/\/)|@|(?<=\bwww)\.|(?<=^ ?\d+)[.)](?= |$)|(?<=^ ?)[-+=](?=[-= ]|$)/gi,
        (character) => `\\${character}`,
      )
  );
}

/** A Markdown code span, whatever the text holds. */
export function codeSpan(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 ? ' ' : '';
  return `${fence}${pad}${text.replace(/\s+/g, ' ')}${pad}${fence}`;
}
