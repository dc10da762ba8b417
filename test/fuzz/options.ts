/** Any text for any option of any command ends with status 0 or 2: never with a stack. */
import { readFileSync, writeFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import fc from 'fast-check';
import { createProgram } from '../../src/cli/program.ts';
import { UserError } from '../../src/errors.ts';
import { explainFinally } from '../../src/system-errors.ts';

/** What people write into options, right and wrong. */
const VALUES = [
  '0',
  '1',
  '-1',
  '0.5',
  '1e999',
  'NaN',
  'Infinity',
  '-0',
  '1e-320',
  '3,5',
  '1,,2',
  ',',
  'true',
  'none',
  'all',
  '10%',
  '-5%',
].concat(
  [
    '0:1:0.1',
    '1..5',
    '5..1',
    'fog',
    'fog,fog',
    'Fog',
    '8x8',
    '0x0',
    '8×8',
    '99999999999999999999',
    '20GB',
    '1e5 MB',
    'npy:',
    'imagenet:',
    '~',
  ],
  [
    'missing/folder',
    '/dev/null',
    '.',
    '..',
    '--help',
    '-',
    '--',
    '{}',
    '[1]',
    '=',
    'a=b',
    '%',
    '\u202e',
    '\ud800',
    'constructor',
    '__proto__',
  ],
  [
    'toString',
    'hasOwnProperty',
    'null',
    'undefined',
    ' ',
    '\n',
    'cifar10-c:',
    'resnet18',
    'pushpull',
    'auto',
    '0,0,0',
    '1,1,1',
    '2026-01-01',
  ],
);
// An argument of a process holds no NUL.
const value = fc.oneof(
  fc.constantFrom(...VALUES),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
  fc.string({ maxLength: 12 }),
  fc.double().map(String),
  fc
    .array(fc.oneof(fc.integer().map(String), fc.constantFrom(...VALUES)), { maxLength: 4 })
    .map((parts) => parts.join(',')),
);

/** A program whose commands check what they are given, and do nothing. */
function idleProgram() {
  const program = createProgram();
  const silent = { writeOut: () => {}, writeErr: () => {} };
  program.configureOutput(silent);
  for (const command of program.commands) {
    command
      .action(() => {})
      .configureOutput(silent)
      .exitOverride();
  }
  return program;
}

/** Words of a command: its name, arguments, and some of its options with any text. */
const words = fc
  .constantFrom(
    ...idleProgram().commands.map((command) => ({
      name: command.name(),
      flags: command.options.flatMap(({ long, required, optional }) =>
        long ? [{ long, takes: required || optional }] : [],
      ),
      places: command.registeredArguments.length,
    })),
  )
  .chain(({ name, flags, places }) =>
    fc
      .tuple(
        fc.array(value, { maxLength: places + 1 }),
        fc.array(fc.tuple(fc.constantFrom(...flags, { long: '--no-such-option', takes: true }), value), {
          maxLength: 4,
        }),
      )
      .map(([args, options]) => [
        name,
        ...args,
        ...options.flatMap(([{ long, takes }, text]) => (takes ? [`${long}=${text}`] : [long])),
      ]),
  );

async function parse(given: readonly string[]): Promise<void> {
  try {
    await idleProgram().parseAsync(given, { from: 'user' });
  } catch (cause) {
    const error = explainFinally(cause);
    if (error instanceof CommanderError) return;
    if (error instanceof UserError && error.message !== '') return;
    throw error;
  }
}

/** Lists of words that a file tries, or that one of its numbers makes. */
const RUNS = 200;

/**
 * @param file JSON: `{ "seed": 5 }`, or the words that failed, which replace it: `{ "words": ["train", "--lr=x"] }`
 */
export async function tryOptions(file: string): Promise<void> {
  const given = JSON.parse(readFileSync(file, 'utf8')) as { seed?: number; words?: string[] };
  if (given.words) return await parse(given.words);
  const details = await fc.check(fc.asyncProperty(words, parse), { seed: given.seed, numRuns: RUNS });
  if (!details.failed) return;
  const [failed] = details.counterexample ?? [];
  writeFileSync(file, JSON.stringify({ words: failed }));
  throw new Error(`pushpull ${(failed ?? []).map((word) => JSON.stringify(word)).join(' ')}`, {
    cause: details.errorInstance,
  });
}
