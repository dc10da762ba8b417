import { UserError } from '../errors.ts';
import type { RunConfig } from './config.ts';

export interface Difference {
  /** Where, as `recipe.epochs`. */
  readonly entry: string;
  readonly stored: unknown;
  readonly asked: unknown;
}

/** Where a run is carried out does not belong to what it computes. */
const MACHINE: readonly string[] = ['engine', 'device', 'workers'] satisfies (keyof RunConfig)[];

/** The first entry in which two runs would compute something different; undefined when they would not. */
export function differingEntry(stored: RunConfig, asked: RunConfig): Difference | undefined {
  return difference(inFull(stored), inFull(asked), []);
}

/**
 * Check that a run that is in a folder is the one that is meant.
 *
 * @throws UserError that names the folder and the first entry that differs
 */
export function checkSameRun(folder: string, stored: RunConfig, asked: RunConfig): void {
  const found = differingEntry(stored, asked);
  if (!found) return;
  throw new UserError(
    `${folder}: expected a run with ${found.entry} ${JSON.stringify(found.asked)}, found one with ` +
      `${JSON.stringify(found.stored)}. Restore its config.json, or move the folder away to train it anew.`,
  );
}

/** With what an absent entry means where it may also be written out. */
function inFull(config: RunConfig): RunConfig {
  const { precision = 'float32', tf32 = false } = config;
  return { ...config, precision, tf32 };
}

function difference(stored: unknown, asked: unknown, path: readonly string[]): Difference | undefined {
  // An entry that is absent and one that is null both say: nothing of the kind.
  const [a, b] = [stored ?? null, asked ?? null];
  if (!isNode(a) || !isNode(b))
    return Object.is(a, b) ? undefined : { entry: path.join('.'), stored: a, asked: b };
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (path.length === 0 && MACHINE.includes(key)) continue;
    const found = difference(a[key], b[key], [...path, key]);
    if (found) return found;
  }
  return undefined;
}

function isNode(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
