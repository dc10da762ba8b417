/** Reading experiment files: YAML or JSON, with line and column in every complaint. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CST, Document, Node } from 'yaml';
import type { z } from 'zod';
import { UserError } from '../errors.ts';
import { readdir, readFile, statIfThere } from '../files/fs.ts';
import { type EntryPath, type ExperimentRow, expandRows, FileProblem } from './rows.ts';
import { EXPERIMENT_SCHEMA, type ExperimentFile, experimentSchema } from './schema.ts';

/** 72 modules, for experiments alone. */
const yaml = () => createRequire(import.meta.url)('yaml') as typeof import('yaml');

/** The experiments that come with the package, at its root. */
const SHIPPED = fileURLToPath(new URL('../../experiments', import.meta.url));

/** A file that was read and checked. */
export interface Experiment extends Omit<ExperimentFile, 'grid' | 'rows' | '$schema'> {
  /** Of the file, without its extension: `table1-cifar10`. */
  readonly name: string;
  /** Absolute path of the file. */
  readonly file: string;
  /** The grids multiplied out, then the rows. */
  readonly rows: readonly ExperimentRow[];
}

/**
 * Read an experiment.
 *
 * @param given Path of a YAML or JSON file, or the name of a shipped one: `table1-cifar10`.
 * @throws UserError that names file, line and column, what was expected there and what was found
 */
export async function readExperiment(given: string): Promise<Experiment> {
  const file = await findExperiment(given);
  return parseExperiment(await readFile(file, 'utf8'), file);
}

/** Names of the experiments that come with the package. */
export async function shippedExperiments(): Promise<string[]> {
  const files = await readdir(SHIPPED).catch((): string[] => []);
  return files.flatMap((name) => /^(.+)\.yaml$/.exec(name)?.[1] ?? []).sort();
}

async function findExperiment(given: string): Promise<string> {
  const place = path.resolve(given);
  if ((await statIfThere(place))?.isFile()) return place;
  const names = await shippedExperiments();
  if (names.includes(given)) return path.join(SHIPPED, `${given}.yaml`);
  throw new UserError(
    `${given}: expected an experiment file (YAML or JSON) or one of ${names.join(', ')}; found no such file`,
  );
}

/**
 * The same for text that is there already.
 *
 * @param file Its path, for messages, and for paths in it.
 */
export function parseExperiment(text: string, file: string): Experiment {
  if (isDeep(text)) {
    throw new UserError(
      `${file}: expected an experiment, found lists in each other more than ${MOST_LEVELS} levels deep; mend the YAML`,
    );
  }
  const lines = new (yaml().LineCounter)();
  // JSON is YAML, so one parser serves both, and tells where things are.
  const document = yaml().parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken) throw new UserError(`${at(broken.pos[0])}: ${firstLine(broken.message)}; mend the YAML there`);
  const value = plainValue(document, file);
  checkVersion(value, file);
  const parsed = experimentSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const isKey = issue.code === 'unrecognized_keys' || issue.code === 'invalid_key';
    throw new UserError(`${at(offsetOf(document, placeOf(issue), isKey))}: ${describeIssue(issue, value)}`);
  }
  try {
    const { grid: _, rows: __, $schema: ___, ...rest } = parsed.data;
    return { ...rest, name: path.parse(file).name, file, rows: expandRows(parsed.data) };
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw new UserError(`${at(offsetOf(document, error.path))}: ${where(error.path)}${error.message}`);
  }
}

/** An experiment has six; the parser ends the process where thousands overflow its stack. */
const MOST_LEVELS = 100;

/** Looks at the tokens alone, which are found without recursion. */
function isDeep(text: string): boolean {
  let level: unknown[] = [...new (yaml().Parser)().parse(text)];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_LEVELS) return true;
    level = level.flatMap((token) => {
      const { value, items = [] } = token as Partial<CST.BlockMap> & { value?: unknown };
      const inside = [value, ...items.flatMap((item) => [item.key, item.value])];
      return inside.filter((each) => typeof each === 'object' && each !== null);
    });
  }
  return false;
}

/** @throws UserError where aliases multiply beyond all measure, form a circle, or name nothing */
function plainValue(document: Document, file: string): unknown {
  try {
    const value: unknown = document.toJS();
    JSON.stringify(value);
    return value;
  } catch (error) {
    const reason =
      error instanceof TypeError
        ? 'an alias inside of what it stands for'
        : firstLine((error as Error).message);
    throw new UserError(
      `${file}: expected aliases (*name) that stand for plain values, found ${reason}; write the values out`,
    );
  }
}

function checkVersion(value: unknown, file: string): void {
  const found = (value as { schema?: unknown } | null)?.schema;
  if (found === EXPERIMENT_SCHEMA) return;
  throw new UserError(
    `${file}: expected an experiment file, with schema: ${EXPERIMENT_SCHEMA}, found ${
      found === undefined ? 'no schema' : `schema: ${JSON.stringify(found)}`
    }; begin with one of experiments/*.yaml`,
  );
}

/** Where an issue is: an unknown key is its own place, not its object. */
function placeOf(issue: z.core.$ZodIssue): EntryPath {
  const place = issue.path.filter((key) => typeof key !== 'symbol');
  return issue.code === 'unrecognized_keys' ? [...place, issue.keys[0]!] : place;
}

/** Offset in the text of a value, of a key where it is unknown, or of what should hold it where it is missing. */
function offsetOf(document: Document, place: EntryPath, isKey = false): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const key of place) {
    if (!yaml().isNode(node)) break;
    if (yaml().isMap(node)) {
      const pair = node.items.find(
        (item) => String(yaml().isNode(item.key) ? item.key.toJSON() : item.key) === String(key),
      );
      if (!pair) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else {
      node = (node as Node & { get?: (key: unknown, keep: boolean) => unknown }).get?.(key, true);
      offset = startOf(node) ?? offset;
    }
  }
  // A scalar is pointed at itself, a list or an object at its key.
  if (isKey) return offset;
  return yaml().isNode(node) && 'value' in node ? (startOf(node) ?? offset) : offset;
}

function startOf(node: unknown): number | undefined {
  return yaml().isNode(node) ? node.range?.[0] : undefined;
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  const place = placeOf(issue);
  const found = valueAt(value, place);
  if (issue.code === 'unrecognized_keys') {
    return `${where(place)}there is no such setting; see experiments/schema.json for those that there are`;
  }
  const expected = expectation(issue);
  return `${where(place)}expected ${expected}, found ${found === undefined ? 'nothing' : shown(found)}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return /^Invalid/.test(issue.message) ? `one of ${issue.values.map(String).join(', ')}` : issue.message;
    case 'too_small':
      if (issue.origin === 'array') return `a list of ${issue.minimum} or more`;
      if (issue.origin === 'string') return 'some text';
      return issue.inclusive ? `${issue.minimum} or more` : `a number above ${issue.minimum}`;
    case 'too_big':
      return issue.inclusive ? `${issue.maximum} or less` : `a number below ${issue.maximum}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message;
    default:
      return issue.message;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'names with values',
  record: 'names with values',
};

function where(place: EntryPath): string {
  const text = place.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  return text === '' ? '' : `${text.replace(/^\./, '')}: `;
}

function valueAt(value: unknown, place: EntryPath): unknown {
  return place.reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], value);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

function firstLine(text: string): string {
  return text.split('\n')[0]!.replace(/[:.]$/, '');
}
