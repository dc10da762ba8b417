/** Which outputs of a model stand for which class of the data. */
import { createHash } from 'node:crypto';
import { UserError } from '../../../errors.ts';
import { plural } from '../../../words.ts';
import { type ClassOrder, ORDER_WORDS, outputsInOrder } from './class-order.ts';
import { IMAGENET_CLASSES } from './imagenet-classes.ts';
import { NO_CLASS, type OutputNames } from './output-names.ts';

export interface ClassOutputs {
  /** By class of the data, one output or several whose probabilities are added. */
  readonly outputs: readonly (readonly number[])[];
  /** Where this is from: names that were found, or what was assumed for lack of any. */
  readonly from: OutputNames['from'] | 'imagenet order' | 'data order' | 'class order';
  /** Which, for a `class order`. */
  readonly order?: ClassOrder;
  /** In words, for people. */
  readonly why: string;
}

/** How far a name of the data may be from a name of the model. */
const READINGS: readonly ((name: string) => readonly string[])[] = [
  (name) => [name],
  (name) => [canonical(name)],
  // "tench, Tinca tinca": each is a name of it.
  (name) => name.split(',').map(canonical),
];

function canonical(name: string): string {
  const words = name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  // Of names that are signs alone (`+`, `(`) nothing would be left to tell them apart.
  return words === '' ? name.trim() : words;
}

interface Question {
  /** In the order of the labels. */
  readonly classes: readonly string[];
  /** Number of outputs of the model, K. */
  readonly count: number;
  readonly names: OutputNames | undefined;
  /** `--class-order`, or what the sample showed. */
  readonly order?: ClassOrder;
  /** How messages call the model. */
  readonly file: string;
}

/**
 * Finds the outputs of each class of the data. Where names were given or come along with the model, by name; a name may
 * differ in case and punctuation. Where there are none, by one of two conventions, which are then told as assumptions:
 * 1000 outputs and WordNet ids as classes stand in ImageNet's alphabetical order (1001: after a background), and as many
 * outputs as classes in the order of the data.
 *
 * @throws UserError when classes have no output, or nothing is known of the order
 */
export function findClassOutputs(question: Question): ClassOutputs {
  const { names, count, file, order } = question;
  if (order && names?.from === 'file') {
    throw new UserError(
      `--class-order ${order}: --labels ${names.source} names the classes; leave one of them out`,
    );
  }
  if (order) return inOrder(question, order);
  if (names) {
    checkCount(names, count, file);
    const matches = match(question.classes, names.names);
    const anyFound = matches.some(({ outputs }) => outputs.length > 0);
    const certain = names.from === 'file' || (names.from === 'card' && !isPlaceholder(names));
    if (anyFound || certain) return named(question, names, matches);
    const assumed = imageNetOrder(question);
    const ignored = `${preview(names.names.flatMap(([name]) => name ?? []))} of ${names.source} are no names of the data's`;
    if (assumed) return { ...assumed, why: `${assumed.why}; ${ignored}` };
    if (!isPlaceholder(names)) return named(question, names, matches);
  }
  const assumed = imageNetOrder(question) ?? dataOrder(question);
  if (assumed) return assumed;
  const { classes } = question;
  if (count < classes.length) {
    throw new UserError(
      `${file}: tells ${plural(count, 'class')} apart, the data has ${classes.length} (${preview(classes)}); give data with the ` +
        "model's classes alone (--classes-file), and --labels FILE if their order differs",
    );
  }
  const background =
    count === classes.length + 1 ? '; if the first output is a background class, put a line "-" first' : '';
  throw new UserError(
    `${file}: has ${plural(count, 'output')} and does not name their classes, the data has ${plural(classes.length, 'class')} ` +
      `(${preview(classes)}); pass --labels FILE, a file with the class of each output ` +
      `(a name a line, or JSON such as {"0": "cat"})${background}`,
  );
}

function inOrder({ classes, count, file }: Question, order: ClassOrder): ClassOutputs {
  const outputs = outputsInOrder(order, classes, count);
  if (outputs) {
    const why = `${ORDER_WORDS[order]}, as --class-order ${order} has it`;
    return { outputs: outputs.map((output) => [output]), from: 'class order', order, why };
  }
  throw new UserError(
    `--class-order ${order}: expected outputs and classes that fit (${ORDER_WORDS[order]}), found ${plural(count, 'output')} of ${file} ` +
      `and ${plural(classes.length, 'class')} (${preview(classes)}); leave it out, or pass --labels FILE`,
  );
}

/** Numbers and `LABEL_7` stand where nobody gave names. */
function isPlaceholder({ names }: OutputNames): boolean {
  return names.every(([name = '']) => /^(label_?)?\d*$/i.test(name));
}

function checkCount({ names, complete, from, source }: OutputNames, count: number, file: string): void {
  const what = from === 'file' ? `--labels ${source}` : source;
  if (names.length <= count && !(complete && names.length < count)) return;
  if (from === 'card' || from === 'file') {
    const background =
      complete && names.length === count - 1
        ? '; if the first output is a background class, put a line "-" first'
        : complete && names.length === count + 1
          ? `; if "${names[0][0] ?? '-'}" is a title, or a background class that the model does not have, take that line out`
          : '';
    throw new UserError(
      `${what}: expected a name for each of the ${plural(count, 'output')} of ${file}, found ${names.length}${background}` +
        (complete ? ' (to name only some outputs, give JSON such as {"0": "cat"})' : ''),
    );
  }
  throw new UserError(
    `${file}: has ${plural(count, 'output')}, but ${plural(names.length, 'name')} in ${what}; check --output, or pass --labels FILE`,
  );
}

interface Match {
  readonly outputs: readonly number[];
  /** Index into {@link READINGS}. */
  readonly reading: number;
}

function match(classes: readonly string[], names: OutputNames['names']): Match[] {
  const indices = READINGS.map((read) => {
    const index = new Map<string, number[]>();
    for (const [output, aliases] of names.entries()) {
      for (const key of new Set(aliases.flatMap(read))) {
        index.set(key, [...(index.get(key) ?? []), output]);
      }
    }
    return index;
  });
  return classes.map((name) => {
    for (const [reading, index] of indices.entries()) {
      // Only names of the model are split at commas: a class of the data has one name.
      const outputs = index.get(reading === 0 ? name : canonical(name));
      if (outputs) return { outputs, reading };
    }
    return { outputs: [], reading: 0 };
  });
}

function named({ classes, file }: Question, names: OutputNames, matches: readonly Match[]): ClassOutputs {
  const missing = classes.filter((_, at) => matches[at].outputs.length === 0);
  const what = names.from === 'file' ? `--labels ${names.source}` : `${file} (${names.source})`;
  const marked = names.names.filter(([name]) => name === NO_CLASS).length;
  if (marked > 1 && classes.includes(NO_CLASS)) {
    throw new UserError(
      `${what}: expected "${NO_CLASS}" once, for the data has a class called so, found it for ${marked} outputs; ` +
        'pass --labels FILE, JSON with null for outputs of no class',
    );
  }
  if (missing.length > 0) {
    const found = classes.length - missing.length;
    const it = missing.length === 1 ? 'it' : 'them';
    const cure =
      names.from === 'file'
        ? `name ${it} as the data does`
        : `pass --labels FILE, which names ${it} as the data does`;
    const without = found > 1 ? `, or leave ${it} out of the data (--classes-file)` : '';
    throw new UserError(
      `${what}: expected an output for each of the data's ${classes.length} classes, found none for ${missing.length} ` +
        `(${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''}); ${found} match. The outputs are called ` +
        `${preview(names.names.flatMap(([name = NO_CLASS]) => (name === NO_CLASS ? [] : name)))}${twice(names)}: ${cure}${without}`,
    );
  }
  checkOwners(classes, matches, what);
  const loose = matches.filter(({ reading }) => reading > 0).length;
  const notes = loose > 0 ? ` (${loose} by a like name: case and punctuation aside)` : '';
  return { outputs: matches.map(({ outputs }) => outputs), from: names.from, why: `${names.source}${notes}` };
}

/** Names that several outputs have, where that may be why others are missing. */
function twice({ names }: OutputNames): string {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const [name] of names) {
    if (name === undefined || name === NO_CLASS) continue;
    if (seen.has(name)) repeated.add(name);
    seen.add(name);
  }
  return repeated.size === 0 ? '' : `, ${repeated.size} of them more than once (${preview([...repeated])})`;
}

function checkOwners(classes: readonly string[], matches: readonly Match[], what: string): void {
  const owners = new Map<number, string>();
  for (const [at, { outputs }] of matches.entries()) {
    for (const output of outputs) {
      const other = owners.get(output);
      if (other !== undefined) {
        throw new UserError(
          `${what}: expected one class of the data for output ${output}, found "${other}" and "${classes[at]}"; ` +
            'pass --labels FILE with names that tell them apart',
        );
      }
      owners.set(output, classes[at]);
    }
  }
}

function imageNetOrder({ classes, count }: Question): ClassOutputs | undefined {
  const background = count - IMAGENET_CLASSES.length;
  if (background !== 0 && background !== 1) return undefined;
  const places = new Map(IMAGENET_CLASSES.map((id, at) => [id, at + background]));
  const outputs = classes.map((name) => places.get(wordNetId(name)));
  if (new Set(outputs).size < outputs.length) return undefined;
  if (!outputs.every((output) => output !== undefined)) return undefined;
  return {
    outputs: outputs.map((output) => [output]),
    from: 'imagenet order',
    why:
      `assumed: ImageNet's WordNet ids in alphabetical order${background ? ', after a background' : ''}, ` +
      `as ${background ? 'TensorFlow-Slim' : 'torchvision'} has them`,
  };
}

/** `n02085620` of `n02085620-Chihuahua` or `N02085620`, else the name itself. */
function wordNetId(name: string): string {
  return /^n\d{8}(?!\d)/i.exec(name)?.[0].toLowerCase() ?? name;
}

function dataOrder({ classes, count }: Question): ClassOutputs | undefined {
  if (classes.length !== count) return undefined;
  return {
    outputs: classes.map((_, at) => [at]),
    from: 'data order',
    why: "assumed: the order of the data's classes",
  };
}

/** What an evaluation must have in common with one that it continues, as SHA-256 in hexadecimal. */
export function hashOutputs(outputs: ClassOutputs['outputs']): string {
  return createHash('sha256').update(JSON.stringify(outputs)).digest('hex');
}

/**
 * The classes of the data that a model knows, where every output has a class of its own among them and there are more;
 * undefined otherwise. So a model of 100 classes meets the images of these alone.
 */
export function knownClasses(
  classes: readonly string[],
  names: OutputNames | undefined,
): readonly string[] | undefined {
  if (!names?.complete || names.names.length >= classes.length) return undefined;
  const matches = match(classes, names.names);
  const known = classes.filter((_, at) => matches[at].outputs.length > 0);
  return known.length === names.names.length && known.length >= 2 ? known : undefined;
}

export function preview(names: readonly string[]): string {
  return names.length <= 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')}, … (${names.length})`;
}
