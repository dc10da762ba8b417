/** The keys of a configuration, read one by one, so that none is passed over unseen. */
import type { Gap } from './declared.ts';

type About = Gap['about'];

/** What it finds wrong becomes a gap, in the order of reading. */
export class Keys {
  readonly #config: Readonly<Record<string, unknown>>;
  readonly #seen = new Set<string>();
  readonly gaps: Gap[] = [];
  readonly notes: string[] = [];

  constructor(config: Readonly<Record<string, unknown>>) {
    this.#config = config;
  }

  /** The value of a key; null is as if it were not there. */
  value(key: string): unknown {
    this.#seen.add(key);
    return (Object.hasOwn(this.#config, key) ? this.#config[key] : undefined) ?? undefined;
  }

  /** Whether a key is there with null. */
  isNull(key: string): boolean {
    return Object.hasOwn(this.#config, key) && this.#config[key] === null;
  }

  text(key: string): string | undefined {
    const value = this.value(key);
    return typeof value === 'string' ? value : undefined;
  }

  flag(key: string, usual: boolean, about: About): boolean {
    const value = this.value(key);
    if (value === undefined) return usual;
    if (typeof value !== 'boolean') this.gap(about, `${shown(key, value)}, where true or false is expected`);
    return value === true;
  }

  /** A number above 0. */
  positive(key: string, usual: number, about: About): number {
    const value = this.value(key);
    if (value === undefined) return usual;
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    this.gap(about, `${shown(key, value)}, where a number above 0 is expected`);
    return usual;
  }

  gap(about: About, says: string): void {
    this.gaps.push({ about, says });
  }

  /** Keys that have no bearing on the pixels. */
  ignore(keys: Iterable<string>): void {
    for (const key of keys) this.#seen.add(key);
  }

  /** What nobody asked for, and that says anything: not null, false or empty. */
  unread(): [key: string, value: unknown][] {
    return Object.entries(this.#config).filter(([key, value]) => {
      const empty = value === null || value === false || (Array.isArray(value) && value.length === 0);
      return !this.#seen.has(key) && !empty && !key.startsWith('_');
    });
  }
}

const SHOWN_LENGTH = 40;

/** A key and its value as they stand in the file. */
export function shown(key: string, value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return `"${key}": ${text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is a length in pixels. */
export function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
