/** Damage for files: what disks, networks, editors and enemies do to them. The same for the same stream of random numbers. */
import { gunzipSync, gzipSync, crc32 as zlibCrc32 } from 'node:zlib';
import type { Random } from '../../src/random/random.ts';

/** Numbers at the ends of their ranges. */
const EXTREMES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
].concat([0x100000000n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]);

/** What stands in texts where nobody expects it. */
const WORDS = [
  '',
  '0',
  '-1',
  '1e999',
  '-0',
  '1e-999',
  'NaN',
  'Infinity',
  'null',
  'true',
  '[]',
  '{}',
  '""',
  '"',
  "'",
  '\\',
  '\0',
].concat(
  [
    '\n',
    '\r\n',
    '\t',
    ',',
    ';',
    ':',
    '{',
    '}',
    '[',
    ']',
    '\ufeff',
    '\ud83d\ude00',
    '\u202e',
    '../../../etc/passwd',
    '/',
    '__proto__',
  ],
  [
    '"__proto__"',
    '"constructor"',
    '"toString"',
    '9007199254740993',
    '99999999999999999999',
    '*a',
    '&a',
    '<<: *a',
    '!!js/function',
    '- ',
  ],
  [
    'a'.repeat(5000),
    '['.repeat(3000),
    '{"a":'.repeat(2000),
    '0.1',
    '%s',
    '#',
    '|',
    '>',
    '?',
    '---',
    '...',
    'n01440764',
    '0.png',
  ],
);

type Mutation = (bytes: Buffer, random: Random, others: readonly Buffer[]) => Buffer;

/** A part of so many bytes at most. */
function part(length: number, random: Random, most = length): readonly [start: number, end: number] {
  const start = random.int(0, length);
  return [start, Math.min(length, start + random.int(1, Math.max(2, most)))];
}

const BINARY: readonly Mutation[] = [
  function flipBits(bytes, random) {
    for (let count = random.int(1, 9); count > 0; count--)
      bytes[random.int(0, bytes.length)] ^= 1 << random.int(0, 8);
    return bytes;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.int(0, bytes.length));
  },
  function truncateAtBlock(bytes, random) {
    return bytes.subarray(0, 512 * random.int(0, Math.ceil(bytes.length / 512)));
  },
  function splice(bytes, random, others) {
    const other = others[random.int(0, others.length)];
    if (other.length === 0) return bytes;
    const [start, end] = part(other.length, random, 256);
    const at = random.int(0, bytes.length);
    return Buffer.concat([
      bytes.subarray(0, at),
      other.subarray(start, end),
      bytes.subarray(at + (random.bernoulli(0.5) ? end - start : 0)),
    ]);
  },
  function repeat(bytes, random) {
    const [start, end] = part(bytes.length, random, 512);
    const times = random.int(1, 5);
    return Buffer.concat([
      bytes.subarray(0, end),
      ...new Array<Buffer>(times).fill(bytes.subarray(start, end)),
      bytes.subarray(end),
    ]);
  },
  function remove(bytes, random) {
    const [start, end] = part(bytes.length, random, 128);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  function extreme(bytes, random) {
    for (let count = random.int(1, 4); count > 0; count--) {
      const size = 2 ** random.int(0, 4);
      const step = random.bernoulli(0.5) ? size : 1;
      if (bytes.length < size) continue;
      // Headers are at both ends, and small beside the rest.
      const within = random.bernoulli(0.5) ? Math.min(bytes.length, 512) : bytes.length;
      const fromEnd = random.bernoulli(0.2) ? bytes.length - within : 0;
      const at = fromEnd + step * random.int(0, Math.floor((within - size) / step) + 1);
      const value = EXTREMES[random.int(0, EXTREMES.length)];
      const isBig = random.bernoulli(0.5);
      for (let i = 0; i < size; i++) {
        bytes[at + (isBig ? size - 1 - i : i)] = Number((value >> BigInt(8 * i)) & 0xffn);
      }
    }
    return bytes;
  },
  function swap(bytes, random) {
    const length = Math.min(2 ** random.int(2, 10), Math.floor(bytes.length / 2));
    const [from, to] = [random.int(0, bytes.length - length + 1), random.int(0, bytes.length - length + 1)];
    const kept = Buffer.from(bytes.subarray(from, from + length));
    bytes.copyWithin(from, to, to + length);
    kept.copy(bytes, to);
    return bytes;
  },
  function fill(bytes, random) {
    const [start, end] = part(bytes.length, random, 64);
    return bytes.fill([0, 0xff, 0x20, 0x30, 0x41][random.int(0, 5)], start, end);
  },
];

/** What a text is made of, in the way of JSON, YAML and CSV. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[\w.+-]+|\s+|[^\w\s]/gsu;

/** Changes a text token by token. */
function byTokens(change: (tokens: string[], random: Random) => void): Mutation {
  return (bytes, random) => {
    const tokens = bytes.toString().match(TOKENS) ?? [''];
    change(tokens, random);
    return Buffer.from(tokens.join(''));
  };
}

const TEXT: readonly Mutation[] = [
  byTokens(function replaceWord(tokens, random) {
    tokens[random.int(0, tokens.length)] = WORDS[random.int(0, WORDS.length)];
  }),
  byTokens(function replaceValue(tokens, random) {
    const values = [...tokens.keys()].filter((i) => /^["\w]/.test(tokens[i]));
    if (values.length > 0) tokens[values[random.int(0, values.length)]] = WORDS[random.int(0, WORDS.length)];
  }),
  byTokens(function insertWord(tokens, random) {
    tokens.splice(random.int(0, tokens.length + 1), 0, WORDS[random.int(0, WORDS.length)]);
  }),
  byTokens(function removeTokens(tokens, random) {
    tokens.splice(random.int(0, tokens.length), random.int(1, 6));
  }),
  byTokens(function swapTokens(tokens, random) {
    const [a, b] = [random.int(0, tokens.length), random.int(0, tokens.length)];
    [tokens[a], tokens[b]] = [tokens[b], tokens[a]];
  }),
  byTokens(function changeNumber(tokens, random) {
    const numbers = [...tokens.keys()].filter((i) => /^-?\d/.test(tokens[i]));
    if (numbers.length === 0) return;
    const at = numbers[random.int(0, numbers.length)];
    tokens[at] = [
      `-${tokens[at]}`,
      `${tokens[at]}.5`,
      `${tokens[at]}e30`,
      `${tokens[at]}00000000000`,
      '0',
      '-1',
    ][random.int(0, 6)];
  }),
  byTokens(function swapNames(tokens, random) {
    const texts = [...tokens.keys()].filter((i) => tokens[i].startsWith('"'));
    if (texts.length < 2) return;
    const [a, b] = [0, 1].map(() => texts[random.int(0, texts.length)]);
    tokens[a] = tokens[b];
  }),
  function swapLines(bytes, random) {
    const lines = bytes.toString().split('\n');
    const [a, b] = [random.int(0, lines.length), random.int(0, lines.length)];
    [lines[a], lines[b]] = [lines[b], lines[a]];
    return Buffer.from(lines.join('\n'));
  },
  function repeatLines(bytes, random) {
    const lines = bytes.toString().split('\n');
    const at = random.int(0, lines.length);
    lines.splice(at, 0, ...new Array<string>(random.int(1, 40)).fill(lines[at]));
    return Buffer.from(lines.join('\n'));
  },
  function otherEncoding(bytes, random) {
    const text = bytes.toString();
    const codes = ['utf16le', 'latin1'] as const;
    return [
      Buffer.from(`\ufeff${text}`),
      Buffer.from(text, codes[random.int(0, 2)]),
      Buffer.from(text.replaceAll('\n', '\r\n')),
    ][random.int(0, 3)];
  },
];

/** Checksums of containers, made right again so that what is behind them is reached. */
const REPAIRS: readonly ((bytes: Buffer) => void)[] = [
  function pngChecksums(bytes) {
    if (bytes.length < 8 || bytes.readUInt32BE(0) !== 0x89504e47) return;
    for (let at = 8; at + 12 <= bytes.length; ) {
      const end = at + 8 + bytes.readUInt32BE(at);
      if (end + 4 > bytes.length) return;
      bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), end);
      at = end + 4;
    }
  },
  function tarChecksums(bytes) {
    if (bytes.toString('latin1', 257, 262) !== 'ustar') return;
    for (let at = 0; at + 512 <= bytes.length; at += 512) {
      const header = bytes.subarray(at, at + 512);
      if (header.toString('latin1', 257, 262) !== 'ustar') continue;
      header.fill(' ', 148, 156);
      const sum = header.reduce((total, byte) => total + byte, 0);
      header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    }
  },
];

/** Node 20.9 has no `zlib.crc32`. */
function crc32(bytes: Uint8Array): number {
  if (typeof zlibCrc32 === 'function') return zlibCrc32(bytes);
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ -1) >>> 0;
}

/** Texts have no zero bytes as a rule. */
function isText(bytes: Buffer): boolean {
  return !bytes.subarray(0, 1024).includes(0) && !bytes.toString().slice(0, 1024).includes('\ufffd');
}

/**
 * A file with one to four mutations.
 *
 * @param others files of the same kind, for splices
 */
export function mutate(seed: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  const isGzip = seed.length > 2 && seed.readUInt16BE(0) === 0x1f8b;
  if (isGzip && random.bernoulli(0.7)) {
    return gzipSync(mutate(gunzipSync(seed), random, others), { level: 1 });
  }
  let bytes = Buffer.from(seed);
  for (let count = random.int(1, 5); count > 0; count--) {
    if (bytes.length === 0) break;
    const mutations = isText(bytes) && random.bernoulli(0.8) ? TEXT : BINARY;
    bytes = Buffer.from(mutations[random.int(0, mutations.length)](bytes, random, others));
  }
  if (random.bernoulli(0.6)) for (const repair of REPAIRS) repair(bytes);
  return bytes;
}
