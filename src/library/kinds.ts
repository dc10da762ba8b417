/** Kinds of values that options have, each with the words for what is expected. */
import { z } from 'zod';
import { type LimitedName, limitOf } from '../engine/limits.ts';
import { nearest } from './nearest.ts';

export const text = z.string({ error: 'a text' }).min(1, { error: 'a text that is not empty' });
export const flag = z.boolean({ error: 'true or false' });

/** A whole number within the limits that all commands have for it. */
export function whole(name: LimitedName) {
  const { least, most, words } = limitOf(name);
  return z.int({ error: words }).min(least, { error: words }).max(most, { error: words });
}

export const count = z
  .int({ error: 'a whole number, 0 or more' })
  .min(0, { error: 'a whole number, 0 or more' });
export const positive = z
  .int({ error: 'a whole number, 1 or more' })
  .min(1, { error: 'a whole number, 1 or more' });

export function number(words: string, holds: (value: number) => boolean = () => true) {
  return z
    .number({ error: words })
    .refine((value) => Number.isFinite(value) && holds(value), { error: words });
}

export const share = number('a number between 0 and 1', (value) => value > 0 && value < 1);
export const above = number('a number above 0', (value) => value > 0);

/** One of some names; a name that is nearly one of them is told. */
export function oneOf<const T extends readonly string[]>(names: T) {
  const words = names.join(', ').replace(/, ([^,]*)$/, ' or $1');
  return z.enum(names, {
    error: ({ input }) => {
      const near = typeof input === 'string' ? nearest(input, names) : undefined;
      return near === undefined ? words : `${words} (${near}?)`;
    },
  });
}

export function list<T extends z.ZodType>(item: T, words: string) {
  return z.array(item, { error: words });
}

/** An object with these options and no others. */
export function options<S extends Record<string, z.ZodType>>(shape: S) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return 'an object of options';
      const near = nearest(String((issue.keys as string[])[0]), Object.keys(shape));
      return near === undefined
        ? `no such option; there are ${Object.keys(shape).sort().join(', ')}`
        : `no such option; did you mean ${near}?`;
    },
  });
}

/** An object of which everything but the named may be left out. */
export function optional(shape: Record<string, z.ZodType>, needed: readonly string[] = []) {
  return options(
    Object.fromEntries(
      Object.entries(shape).map(([key, schema]) => [key, needed.includes(key) ? schema : schema.optional()]),
    ),
  );
}

export const callback = z.custom((value) => typeof value === 'function', { error: 'a function' });
export const signal = z.custom(
  (value) => typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value,
  { error: 'an AbortSignal' },
);

/** What is passed on from another function, and is looked at there. */
export function made(words: string) {
  return z.custom((value) => typeof value === 'object' && value !== null, { error: words });
}
