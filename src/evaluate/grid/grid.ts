/** Which corruptions at which severities an evaluation measures. */
import {
  BENCHMARK_CORRUPTIONS,
  CORRUPTION_GROUPS,
  CORRUPTIONS,
  type CorruptionName,
  SEVERITIES,
  type Severity,
} from '../../corrupt/index.ts';
import { UserError } from '../../errors.ts';

/** One corrupted version of the data set. */
export interface Cell {
  readonly corruption: CorruptionName;
  readonly severity: Severity;
}

/**
 * Parses `--corruptions`: `all` (the 15 of the benchmark), `none`, or a comma-separated list of names and groups
 * (`noise`, `blur`, `weather`, `digital`, `extra`). The answer keeps the benchmark's order, without repeats.
 *
 * @throws UserError that lists the valid names
 */
export function parseCorruptions(text: string): CorruptionName[] {
  const wanted = new Set<string>();
  for (const word of text.split(',').map((part) => part.trim())) {
    if (word === 'none') continue;
    for (const name of expand(word)) wanted.add(name);
  }
  return CORRUPTIONS.filter((name) => wanted.has(name));
}

function expand(word: string): readonly string[] {
  if (word === 'all') return BENCHMARK_CORRUPTIONS;
  if (Object.hasOwn(CORRUPTION_GROUPS, word))
    return CORRUPTION_GROUPS[word as keyof typeof CORRUPTION_GROUPS];
  if ((CORRUPTIONS as readonly string[]).includes(word)) return [word];
  throw new UserError(
    `--corruptions: expected all, none, a group (${Object.keys(CORRUPTION_GROUPS).join(', ')}) or names from ` +
      `${CORRUPTIONS.join(', ')}; found "${word}"`,
  );
}

/**
 * Parses `--severities`: `all`, or a comma-separated list of 1 to 5 and ranges like `1-3`.
 *
 * @throws UserError for anything else
 */
export function parseSeverities(text: string): Severity[] {
  if (text.trim() === 'all') return [...SEVERITIES];
  const wanted = new Set<number>();
  for (const word of text.split(',').map((part) => part.trim())) {
    const match = /^([1-5])(?:-([1-5]))?$/.exec(word);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || last < first) {
      throw new UserError(
        `--severities: expected all, or numbers and ranges from 1 to 5 such as 1,3,5 or 2-4; found "${word}"`,
      );
    }
    for (let severity = first; severity <= last; severity++) wanted.add(severity);
  }
  return SEVERITIES.filter((severity) => wanted.has(severity));
}

/** The cells in the order in which they are measured: a corruption at a time, mild to severe. */
export function gridCells(corruptions: readonly CorruptionName[], severities: readonly Severity[]): Cell[] {
  return corruptions.flatMap((corruption) => severities.map((severity) => ({ corruption, severity })));
}
