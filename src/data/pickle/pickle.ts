/**
 * Python's pickle format read as data: what would be a call or an object there becomes an inert description here.
 * Nothing is looked up by a name out of the file, nothing is called, nothing is assigned to. The instruction codes are
 * those of Python's `pickletools`, protocols 0 to 5. Why there is no library in its place:
 * docs/decisions/reading-pytorch-files.md.
 */
import { exact, PickleMachine } from './pickle-machine.ts';
import {
  type PersistentId,
  PickleError,
  PickleGlobal,
  PickleObject,
  type PickleValue,
} from './pickle-values.ts';

export interface Unpickled {
  readonly value: PickleValue;
  /** Everything that it says is stored beside it. */
  readonly persistent: readonly PersistentId[];
  /** Position after the pickle. */
  readonly end: number;
}

/**
 * Read the pickle that starts at a position. Takes time and memory in proportion to its bytes, however they are nested.
 *
 * @throws PickleError when the bytes are no pickle, are cut off, or contradict themselves
 */
export function readPickle(bytes: Uint8Array, start = 0): Unpickled {
  const machine = new PickleMachine(bytes, start);
  for (;;) {
    const code = String.fromCharCode(machine.byte());
    if (code === STOP) return { value: machine.pop(), persistent: machine.persistent, end: machine.at };
    const step = STEPS[code];
    if (step === undefined) {
      throw new PickleError(`byte ${machine.at - 1} is no instruction of a pickle (${JSON.stringify(code)})`);
    }
    step(machine);
  }
}

type Step = (machine: PickleMachine) => void;

const STOP = '.';

function decimal(text: string): number | bigint {
  const digits = text.replace(/L$/, '').trim();
  if (!/^[+-]?\d{1,150}$/.test(digits))
    throw new PickleError(`it holds the number ${JSON.stringify(text.slice(0, 40))}`);
  return exact(BigInt(digits.replace(/^\+/, '')));
}

function index(text: string): number {
  const value = decimal(text);
  return typeof value === 'number' ? value : Number.NaN;
}

function quoted(text: string): string {
  const [, , inner] = /^(['"])(.*)\1$/s.exec(text) ?? [];
  if (inner === undefined) throw new PickleError(`it holds the text ${JSON.stringify(text.slice(0, 40))}`);
  return inner;
}

/** Python's raw-unicode-escape: Latin-1, other characters by their code. */
function unescaped(text: string): string {
  return text.replace(/\\u([\da-f]{4})|\\U00([\da-f]{6})/gi, (whole, short?: string, long?: string) => {
    const code = Number.parseInt(short ?? long ?? '', 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function asArray(value: PickleValue): PickleValue[] {
  return Array.isArray(value) ? value : [value];
}

function append(list: PickleValue, items: readonly PickleValue[]): void {
  // Kinds of lists other than `list` are described by their class and state; their items are of no use here.
  if (Array.isArray(list)) for (const item of items) list.push(item);
}

function setItems(target: PickleValue, pairs: readonly PickleValue[]): void {
  const entries =
    target instanceof Map ? target : target instanceof PickleObject ? target.entries : undefined;
  if (entries === undefined || pairs.length % 2 !== 0)
    throw new PickleError('it sets entries of no dictionary');
  for (let i = 0; i < pairs.length; i += 2) entries.set(pairs[i], pairs[i + 1]);
}

function dictionary(pairs: readonly PickleValue[]): Map<PickleValue, PickleValue> {
  const made = new Map<PickleValue, PickleValue>();
  setItems(made, pairs);
  return made;
}

/** Classes whose instances are dictionaries, whatever they were called with. */
const DICTIONARIES = new Set([
  'collections.OrderedDict',
  'collections.defaultdict',
  '__builtin__.dict',
  'builtins.dict',
]);

/** The result of calling something: a dictionary where that is all it can be, else a description. */
function called(callable: PickleValue, args: PickleValue): PickleValue {
  const name = callable instanceof PickleGlobal ? callable.name : '';
  if (!DICTIONARIES.has(name)) return new PickleObject(callable, asArray(args));
  const made = new Map<PickleValue, PickleValue>();
  const [pairs] = asArray(args);
  for (const pair of Array.isArray(pairs) ? pairs : []) {
    if (Array.isArray(pair) && pair.length === 2) made.set(pair[0], pair[1]);
  }
  return made;
}

function build(target: PickleValue, state: PickleValue): void {
  // The state of a dictionary is what Python code hung on it, such as the versions in a state dict.
  if (target instanceof PickleObject) target.state = state;
}

const unsupported =
  (what: string): Step =>
  () => {
    throw new PickleError(`it uses ${what}`);
  };

/** What each instruction does to the stack. A null prototype, so that only these are found. */
const STEPS: Readonly<Record<string, Step | undefined>> = Object.assign(Object.create(null), {
  // Frame and protocol
  '\x80': (r) => {
    const version = r.byte();
    if (version > 5) throw new PickleError(`it is of protocol ${version}; 5 is the highest that is known`);
  },
  '\x95': (r) => r.length64(),
  // Stack
  '(': (r) => r.mark(),
  '0': (r) => r.pop(),
  '1': (r) => r.popMarked(),
  '2': (r) => r.push(r.top()),
  // Memory
  p: (r) => r.remember(index(r.line())),
  q: (r) => r.remember(r.byte()),
  r: (r) => r.remember(r.uint32()),
  '\x94': (r) => r.remember(),
  g: (r) => r.recall(index(r.line())),
  h: (r) => r.recall(r.byte()),
  j: (r) => r.recall(r.uint32()),
  // Constants and numbers
  N: (r) => r.push(null),
  '\x88': (r) => r.push(true),
  '\x89': (r) => r.push(false),
  I: (r) => {
    const text = r.line();
    r.push(text === '00' ? false : text === '01' ? true : decimal(text));
  },
  L: (r) => r.push(decimal(r.line())),
  F: (r) => r.push(Number(r.line())),
  J: (r) => r.push(r.int32()),
  K: (r) => r.push(r.byte()),
  M: (r) => r.push(r.uint16()),
  '\x8a': (r) => r.push(r.signed(r.byte())),
  '\x8b': (r) => r.push(r.signed(r.int32())),
  G: (r) => r.push(r.float64()),
  // Text and bytes
  S: (r) => r.push(quoted(r.line())),
  V: (r) => r.push(unescaped(r.line())),
  T: (r) => r.push(r.text(r.int32(), 'latin1')),
  U: (r) => r.push(r.text(r.byte(), 'latin1')),
  X: (r) => r.push(r.text(r.uint32())),
  '\x8c': (r) => r.push(r.text(r.byte())),
  '\x8d': (r) => r.push(r.text(r.length64())),
  B: (r) => r.push(r.raw(r.uint32())),
  C: (r) => r.push(r.raw(r.byte())),
  '\x8e': (r) => r.push(r.raw(r.length64())),
  '\x96': (r) => r.push(r.raw(r.length64())),
  // Tuples and lists
  ')': (r) => r.push([]),
  t: (r) => r.push(r.popMarked()),
  '\x85': (r) => r.push([r.pop()]),
  '\x86': (r) => {
    const second = r.pop();
    r.push([r.pop(), second]);
  },
  '\x87': (r) => {
    const third = r.pop();
    const second = r.pop();
    r.push([r.pop(), second, third]);
  },
  ']': (r) => r.push([]),
  l: (r) => r.push(r.popMarked()),
  a: (r) => {
    const item = r.pop();
    append(r.top(), [item]);
  },
  e: (r) => {
    const items = r.popMarked();
    append(r.top(), items);
  },
  // Dictionaries and sets
  '}': (r) => r.push(new Map()),
  d: (r) => r.push(dictionary(r.popMarked())),
  s: (r) => {
    const value = r.pop();
    const key = r.pop();
    setItems(r.top(), [key, value]);
  },
  u: (r) => {
    const pairs = r.popMarked();
    setItems(r.top(), pairs);
  },
  '\x8f': (r) => r.push(new Set()),
  '\x90': (r) => {
    const items = r.popMarked();
    const set = r.top();
    if (set instanceof Set) for (const item of items) set.add(item);
  },
  '\x91': (r) => r.push(new Set(r.popMarked())),
  // Classes and calls
  c: (r) => {
    const module = r.line();
    r.push(new PickleGlobal(`${module}.${r.line()}`));
  },
  '\x93': (r) => {
    const name = r.pop();
    const module = r.pop();
    if (typeof name !== 'string' || typeof module !== 'string')
      throw new PickleError('it names a class by no text');
    r.push(new PickleGlobal(`${module}.${name}`));
  },
  R: (r) => {
    const args = r.pop();
    r.push(called(r.pop(), args));
  },
  '\x81': (r) => {
    const args = r.pop();
    r.push(called(r.pop(), args));
  },
  '\x92': (r) => {
    r.pop();
    const args = r.pop();
    r.push(called(r.pop(), args));
  },
  i: (r) => {
    const module = r.line();
    const callable = new PickleGlobal(`${module}.${r.line()}`);
    r.push(called(callable, r.popMarked()));
  },
  o: (r) => {
    const [callable = null, ...args] = r.popMarked();
    r.push(called(callable, args));
  },
  b: (r) => {
    const state = r.pop();
    build(r.top(), state);
  },
  // Beside the pickle
  P: (r) => r.refer(r.line()),
  Q: (r) => r.refer(r.pop()),
  '\x98': () => {},
  '\x97': unsupported('buffers that are stored elsewhere'),
  '\x82': unsupported('an extension registry'),
  '\x83': unsupported('an extension registry'),
  '\x84': unsupported('an extension registry'),
} satisfies Record<string, Step>);
