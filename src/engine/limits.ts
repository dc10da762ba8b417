/** What numbers may be asked for. What is beyond them hangs a machine, ends in the middle of work, or means nothing. */
import { UserError } from '../errors.ts';

/** A whole number that may be asked for. */
interface Limit {
  /** How the command line calls it. */
  readonly flag: string;
  readonly least: number;
  readonly most: number;
}

/** By the names that requests and options have. */
const LIMITS = {
  batchSize: { flag: '--batch', least: 1, most: 65_536 },
  epochs: { flag: '--epochs', least: 1, most: 1_000_000 },
  gpu: { flag: '--gpu', least: 0, most: 1023 },
  jobs: { flag: '--jobs', least: 1, most: 256 },
  limit: { flag: '--limit', least: 1, most: Number.MAX_SAFE_INTEGER },
  reestimate: { flag: '--reestimate-bn', least: 0, most: 1_000_000_000 },
  resamples: { flag: '--resamples', least: 100, most: 1_000_000 },
  seed: { flag: '--seed', least: 0, most: Number.MAX_SAFE_INTEGER },
  threads: { flag: '--threads', least: 1, most: 1024 },
  width: { flag: '--width', least: 1, most: 4096 },
  // None: the caller's own thread loads.
  workers: { flag: '--workers', least: 0, most: 512 },
} as const satisfies Record<string, Limit>;

export type LimitedName = keyof typeof LIMITS;

/** The most that an option of the command line may be, by its flag: no end for those that have none of their own. */
export function mostOf(flag: string): number {
  return Object.values(LIMITS).find((limit) => limit.flag === flag)?.most ?? Number.MAX_SAFE_INTEGER;
}

/** What a whole number may be, and that in words. */
export function limitOf(name: LimitedName): {
  readonly least: number;
  readonly most: number;
  readonly words: string;
} {
  const { least, most } = LIMITS[name];
  return { least, most, words: describeRange(least, most) };
}

/** What is expected of a whole number, in words. */
export function describeRange(least: number, most: number): string {
  return most === Number.MAX_SAFE_INTEGER
    ? `a whole number, ${least} or more`
    : `a whole number from ${least} to ${most}`;
}

/**
 * Refuse numbers that no machine can serve, before anything else is done.
 *
 * @param asked What is left out is not looked at.
 * @throws UserError that names the option, its range and what was found
 */
export function checkLimits(asked: Partial<Readonly<Record<LimitedName, unknown>>>): void {
  for (const name of Object.keys(LIMITS) as LimitedName[]) {
    const value = asked[name];
    if (value === undefined) continue;
    const { flag, least, most } = LIMITS[name];
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) continue;
    throw new UserError(`${flag}: expected ${describeRange(least, most)}, found ${shown(value)}`);
  }
}

const shown = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));
