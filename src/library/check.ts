/** Options of the library's functions, looked at before any work, and errors that name options where the command line has flags. */
import type { z } from 'zod';
import { UserError } from '../errors.ts';
import { type FlagNames, withOptionNames } from './flags.ts';

/** What an argument of a function must be. */
export interface Asked {
  /** How messages call the argument where it is wrong as a whole. */
  readonly name: string;
  readonly schema: z.ZodType;
}

// biome-ignore lint/suspicious/noExplicitAny: arguments of any function; its own type is kept.
type AnyFunction = (...args: any[]) => unknown;

/**
 * A function that refuses wrong options before anything else is done.
 *
 * @param name as the caller knows it
 * @param asked what its arguments must be, in order; undefined for those that its types alone describe
 * @param flags how its options are called where they are not the command line's words in camel case
 */
export function checked<F extends AnyFunction>(
  name: string,
  asked: readonly (Asked | undefined)[],
  work: F,
  flags: FlagNames = {},
): F {
  return ((...args: Parameters<F>) => {
    checkArguments(name, asked, args);
    try {
      const result = work(...args);
      return result instanceof Promise ? result.catch((error) => fail(error, flags)) : result;
    } catch (error) {
      fail(error, flags);
    }
  }) as F;
}

/** As {@link checked}, of a function whose code is loaded when it is first called: a program that needs it not should not wait for it. */
export function later<F extends AnyFunction>(
  name: string,
  asked: readonly (Asked | undefined)[],
  load: () => Promise<F>,
  flags: FlagNames = {},
): F {
  return (async (...args: Parameters<F>) => {
    checkArguments(name, asked, args);
    try {
      return await (await load())(...args);
    } catch (error) {
      fail(error, flags);
    }
  }) as unknown as F;
}

/** A class whose constructor refuses wrong options. */
export function checkedClass<C extends abstract new (...args: never[]) => object>(
  name: string,
  asked: readonly (Asked | undefined)[],
  type: C,
): C {
  return new Proxy(type, {
    construct(target, args, newTarget) {
      checkArguments(`new ${name}`, asked, args);
      return Reflect.construct(target, args, newTarget);
    },
  });
}

function fail(error: unknown, flags: FlagNames): never {
  if (error instanceof UserError) {
    const words = withOptionNames(error.message, flags);
    error.stack = error.stack?.replace(error.message, words);
    error.message = words;
  }
  throw error;
}

/** @throws UserError that names the function, the option, what was expected and what was found */
function checkArguments(name: string, asked: readonly (Asked | undefined)[], args: readonly unknown[]): void {
  for (const [index, part] of asked.entries()) {
    const error = part?.schema.safeParse(args[index]).error;
    if (part === undefined || error === undefined) continue;
    const [issue] = error.issues;
    const place = (path: readonly PropertyKey[]) =>
      path
        .map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at > 0 ? '.' : ''}${String(step)}`))
        .join('') || part.name;
    if (issue!.code === 'unrecognized_keys') {
      throw new UserError(`${name}: ${place([...issue!.path, issue!.keys[0]!])}: ${issue!.message}`);
    }
    const found = issue!.path.reduce<unknown>(
      (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
      args[index],
    );
    throw new UserError(`${name}: ${place(issue!.path)}: expected ${issue!.message}, found ${shown(found)}`);
  }
}

/** At most so many characters of a value are shown. */
const SHOWN = 60;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // What refers to itself has no JSON.
  }
  text ??= String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)} …` : text;
}
