/** Pieces of HTML that several parts of the page share. */
import type { ComparedModel } from '../comparison.ts';
import { escapeHtml as esc } from '../format.ts';

export { escapeHtml as esc } from '../format.ts';

/** A part of the page with its heading; the id is what the contents at the top point at. */
export interface Section {
  readonly id: string;
  readonly heading: string;
  readonly lede?: string;
  /** HTML. */
  readonly body: string;
}

export function renderSection({ id, heading, lede, body }: Section): string {
  const intro = lede ? `<p class="lede">${esc(lede)}</p>\n` : '';
  return `<section id="${id}" aria-labelledby="${id}-title">\n<h2 id="${id}-title">${esc(heading)}</h2>\n${intro}${body}\n</section>`;
}

/** Attributes of an element; what is undefined or false is left out, and true stands alone. */
export function attributes(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== false && value !== '')
    .map(([name, value]) => (value === true ? ` ${name}` : ` ${name}="${esc(String(value))}"`))
    .join('');
}

/** The square in a model's colour that stands before its name. */
export function swatch({ color }: ComparedModel): string {
  return `<i class="swatch" style="background:${color}"></i>`;
}

/** `R_net` as a letter with an index. */
export function subscripts(html: string): string {
  return html.replace(/\b(R|E|mCE)_(\w+)/g, '$1<sub>$2</sub>');
}

/** `corrupted images.` → `Corrupted images.` */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** A table wider than its place scrolls inside it, with the keyboard too. */
export function scroll(table: string, label: string, classes = ''): string {
  return `<div class="scroll${classes && ` ${classes}`}" role="region" aria-label="${esc(label)}" tabindex="0">${table}</div>`;
}

/** Choices of which one holds: radio buttons in a row. Hidden until the page's script can act on them. */
export function choice(
  name: string,
  legend: string,
  options: readonly { readonly value: string; readonly label: string }[],
): string {
  const inputs = options.map(
    ({ value, label }, index) =>
      `<label><input type="radio" name="${name}" value="${value}"${index === 0 ? ' checked' : ''}><span>${esc(label)}</span></label>`,
  );
  return `<fieldset class="choice"><legend>${esc(legend)}</legend><div>${inputs.join('')}</div></fieldset>`;
}

/** Choices that hold or not, each for itself; all hold at first. */
export function toggles(
  name: string,
  legend: string,
  options: readonly { readonly value: string; readonly label: string }[],
): string {
  const inputs = options.map(
    ({ value, label }) =>
      `<label><input type="checkbox" name="${name}" value="${value}" checked><span>${esc(label)}</span></label>`,
  );
  return `<fieldset class="choice"><legend>${esc(legend)}</legend><div>${inputs.join('')}</div></fieldset>`;
}
