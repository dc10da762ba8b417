/** Which rows and seeds of an experiment a command is about. */
import { UserError } from '../errors.ts';
import type { ExperimentRow } from './rows.ts';

/** Seeds for all rows, or for those that a pattern names. */
export interface SeedChoice {
  /** A row's name, in which * stands for any letters; all rows when left out. */
  readonly rows?: string;
  readonly seeds: readonly number[];
}

/**
 * The rows that are asked for, in the order of the file, with the seeds that are asked for.
 *
 * @param only names of rows, in which * stands for any letters; all rows when left out
 * @param choices later ones overrule earlier ones
 * @throws UserError that lists the rows when a name is none of theirs
 */
export function selectRows(
  rows: readonly ExperimentRow[],
  only: readonly string[] | undefined,
  choices: readonly SeedChoice[] = [],
): ExperimentRow[] {
  const patterns = only ?? ['*'];
  for (const pattern of patterns) checkPattern('--only', pattern, rows);
  for (const { rows: pattern } of choices) if (pattern !== undefined) checkPattern('--seeds', pattern, rows);
  return rows
    .filter(({ name }) => patterns.some((pattern) => matches(pattern, name)))
    .map((row) => {
      const choice = choices.findLast(({ rows: pattern = '*' }) => matches(pattern, row.name));
      return choice ? { ...row, seeds: choice.seeds } : row;
    });
}

function matches(pattern: string, name: string): boolean {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`).test(name);
}

function checkPattern(option: string, pattern: string, rows: readonly ExperimentRow[]): void {
  if (rows.some(({ name }) => matches(pattern, name))) return;
  throw new UserError(
    `${option} ${pattern}: expected a row of the experiment, * for any letters; found none of that name among ` +
      rows.map(({ name }) => name).join(', '),
  );
}
