/** How large pictures and unpacked archives may be: a few kilobytes can claim to be more than fits into a machine. */
import { freemem } from 'node:os';
import { UserError } from '../../errors.ts';

/** Pixels of a picture, as Pillow has them: a quarter of a GiB of RGB, which is no picture any more but a trap. */
export const USUAL_MAX_PIXELS = 178_956_970;

/** Limits other than the usual ones. */
export interface Limits {
  /** Most pixels of a picture. Default: `USUAL_MAX_PIXELS`. */
  readonly maxPixels?: number;
  /** Most bytes that an archive may unpack to. Default: see `unpackLimit`. */
  readonly maxUnpacked?: number;
  /** Follow links out of a data folder to other folders. Default: no, but for links that stand for a split. */
  readonly followLinks?: boolean;
}

/** Where they stand: threads and child processes have the environment of who starts them. */
const VARIABLES = { maxPixels: 'PUSHPULL_MAX_PIXELS', maxUnpacked: 'PUSHPULL_MAX_UNPACKED' } as const;
const FOLLOW_LINKS = 'PUSHPULL_FOLLOW_LINKS';
const FLAGS = { maxPixels: '--max-pixels', maxUnpacked: '--max-unpacked' } as const;

/** Set limits for this process and the threads that it starts from now on; those left out stay as they are. */
export function setLimits(limits: Limits): void {
  if (limits.followLinks !== undefined) process.env[FOLLOW_LINKS] = limits.followLinks ? '1' : '';
  for (const name of ['maxPixels', 'maxUnpacked'] as const) {
    const value = limits[name];
    if (value === undefined) continue;
    if (!(Number.isSafeInteger(value) && value > 0)) {
      throw new UserError(`${FLAGS[name]}: expected a whole number, 1 or more, found ${value}`);
    }
    process.env[VARIABLES[name]] = String(value);
  }
}

/** Whether links out of a data folder are followed to folders of all kinds. */
export function followLinks(): boolean {
  return Boolean(process.env[FOLLOW_LINKS]);
}

/** Most pixels that a picture may have. */
export function maxPixels(): number {
  return chosen('maxPixels') ?? USUAL_MAX_PIXELS;
}

/** Images and text shrink less than this; what shrinks more was made to. */
const USUAL_RATIO = 100;
const SMALL = 64 * 2 ** 20;

/**
 * Most bytes that an archive may unpack to.
 *
 * @param packed its bytes
 * @param most of archives of its kind
 * @returns what was set, else 100 times as many, but at least 64 MiB
 */
export function unpackLimit(packed: number, most = Number.POSITIVE_INFINITY): number {
  return chosen('maxUnpacked') ?? Math.min(most, Math.max(SMALL, USUAL_RATIO * packed));
}

/** Bytes that one thing may take of the memory that is free: a quarter of it. */
export function memoryShare(): number {
  return freemem() / 4;
}

/** The error of an archive that unpacks to more than `unpackLimit`. */
export function unpacksToTooMuch(name: string, packed: number, most?: number): UserError {
  return new UserError(
    `${name}: expected ${packed} packed bytes to unpack to ${unpackLimit(packed, most)} or less, found that they become more, ` +
      `as in archives that are made to fill a machine; if it is from a source that you trust, raise ${FLAGS.maxUnpacked}`,
  );
}

function chosen(name: keyof typeof VARIABLES): number | undefined {
  const text = process.env[VARIABLES[name]];
  if (!text) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UserError(`${VARIABLES[name]}: expected a whole number, 1 or more, found "${text}"`);
}
