/** How counts and figures are written in messages, on the terminal and in reports: one place for all of them. */

/** `50000` as `50,000`. */
export function thousands(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 image`, `2,000 images`, `2 classes`, `1 training image`. The last word takes the ending. */
export function plural(count: number, noun: string): string {
  return `${thousands(count)} ${count === 1 ? noun : several(noun)}`;
}

function several(noun: string): string {
  // The ch of epoch is a k.
  if (/(s|x|(?<!epo)ch|sh)$/.test(noun)) return `${noun}es`;
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

/** A number with so many decimals; what rounds to zero has no sign. */
export function decimals(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace('-', '') : text;
}

/** As {@link decimals}, with a plus before what is above zero and stays so. */
export function signed(value: number, digits: number): string {
  const text = decimals(value, digits);
  return Number(text) > 0 ? `+${text}` : text;
}

/** `0.4312` as `43.1 %`. */
export function percent(share: number): string {
  return `${decimals(100 * share, 1)} %`;
}
