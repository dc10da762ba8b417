/** Files that tell the classes of a model's outputs, in the forms that are in use. */

import { UserError } from '../../../errors.ts';
import { readProblem } from '../../../files/files.ts';
import { readFile } from '../../../files/fs.ts';
import { parseJson } from '../../../json.ts';

/** What the outputs of a model are called. */
export interface OutputNames {
  /** By output, the names that it goes by, the best first; none where it belongs to no class. */
  readonly names: readonly (readonly string[])[];
  /** Whether there is an entry for every output, so that their number must be the model's. */
  readonly complete: boolean;
  readonly from: 'card' | 'file' | 'metadata' | 'config';
  /** For people: `labels.txt`, `"names" in the model's metadata`. */
  readonly source: string;
}

/** Under these keys are the names in files and metadata of HuggingFace, timm, Ultralytics and others. */
export const NAME_KEYS = ['id2label', 'names', 'label_names', 'class_names', 'labels', 'classes'] as const;

/** Marks an output that belongs to no class, unless the data has a class that is called so. */
export const NO_CLASS = '-';
/** The most outputs that a file may speak of; an index beyond is no index. */
const MOST_OUTPUTS = 1_000_000;

type Names = Pick<OutputNames, 'names' | 'complete'>;

/**
 * Reads a file of labels: JSON or text.
 *
 * - JSON: a list of names, an object from index to name (`{"0": "cat"}`; other outputs belong to no class) or from name
 *   to index (`{"cat": 0}`), or an object that has one of these as `id2label`, `names` and the like. In place of a name
 *   may stand a list of several (`["n01440764", "tench"]`) or null for no class.
 * - Text: a name a line in the order of the outputs, or an index and a name in every line (`0 cat`, `0: cat`). Empty
 *   lines and those that begin with # are left out, `-` stands for an output of no class (of data with a class `-`, for
 *   that class). A line such as
 *   `n01440764 tench, Tinca tinca` goes by its WordNet id too.
 *
 * @throws UserError when the file cannot be read or is of no such form
 */
export async function readLabelFile(file: string): Promise<OutputNames> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(
      `--labels ${file}: expected a file that names the classes of the outputs, found none (${readProblem(error)})`,
    );
  }
  return { ...parseLabels(text, `--labels ${file}`), from: 'file', source: file };
}

/** @param where how messages call the text */
export function parseLabels(text: string, where: string): Names {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (trimmed === '') throw new UserError(`${where}: expected names of classes, found an empty file`);
  if (!/^[[{]/.test(trimmed)) return namesOfLines(trimmed, where);
  let value: unknown;
  try {
    value = parseJson(trimmed);
  } catch (error) {
    throw new UserError(`${where}: expected JSON, found a mistake in it (${(error as Error).message})`);
  }
  return namesOfValue(value, where);
}

/** The names in a parsed list or object; see {@link readLabelFile}. */
export function namesOfValue(value: unknown, where: string): Names {
  if (Array.isArray(value)) {
    return { names: value.map((entry, at) => aliases(entry, `entry ${at}`, where)), complete: true };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    const inner = NAME_KEYS.map((key) => (value as Record<string, unknown>)[key]).find(
      (found) => typeof found === 'object' && found !== null,
    );
    if (inner !== undefined) return namesOfValue(inner, where);
    if (entries.length > 0 && entries.every(([key]) => isIndex(key))) {
      return byIndex(
        entries.map(([key, entry]) => [Number(key), aliases(entry, `"${key}"`, where)]),
        where,
      );
    }
    if (
      entries.length > 0 &&
      entries.every(([, index]) => typeof index === 'number' && isIndex(`${index}`))
    ) {
      return byIndex(
        entries.map(([name, index]) => [index as number, aliases(name, `"${name}"`, where)]),
        where,
      );
    }
  }
  throw new UserError(
    `${where}: expected a list of names such as ["cat", "dog"], or an object such as {"0": "cat"} or {"cat": 0}, ` +
      `found ${JSON.stringify(value).slice(0, 60)}`,
  );
}

function isIndex(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) < MOST_OUTPUTS;
}

function byIndex(entries: readonly (readonly [number, readonly string[]])[], where: string): Names {
  const names: (readonly string[])[] = [];
  for (const [index, found] of entries) {
    if (names[index] !== undefined) {
      throw new UserError(
        `${where}: expected one name an output, found two for output ${index}: ${names[index][0]}, ${found[0]}`,
      );
    }
    names[index] = found;
  }
  return { names: Array.from(names, (found) => found ?? []), complete: false };
}

function aliases(entry: unknown, what: string, where: string): string[] {
  if (entry === null) return [];
  const list = Array.isArray(entry) ? entry : [entry];
  if (list.length === 0 || !list.every((name) => typeof name === 'string' || typeof name === 'number')) {
    throw new UserError(
      `${where}: expected a name, several or null as ${what}, found ${JSON.stringify(entry)?.slice(0, 60)}`,
    );
  }
  return list.flatMap((name) => withWordNetId(String(name).trim()));
}

function withWordNetId(name: string): string[] {
  if (name === '') return [];
  const [, id] = /^(n\d{8})[\s,:]/.exec(name) ?? [];
  return id ? [name, id] : [name];
}

function namesOfLines(text: string, where: string): Names {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw new UserError(`${where}: expected names of classes, found none`);
  const indexed = lines.map((line) => /^(\d+)\s*[\s,:;=]\s*(.+)$/.exec(line));
  if (indexed.every((match) => match !== null && isIndex(match[1]))) {
    return byIndex(
      indexed.map((match) => [Number(match![1]), withWordNetId(match![2].trim())]),
      where,
    );
  }
  return { names: lines.map(withWordNetId), complete: true };
}
