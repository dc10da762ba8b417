/**
 * Kills commands at random moments, goes on with them until they end, and compares what they leave with an uninterrupted
 * run: the same bits, and nothing beside them.
 *
 *     node test/chaos/chaos.mjs [--kills 200] [--only train,corrupt] [--seed 1]
 *
 * Runs the built package (npm run build). A failure prints the seed that repeats it, as far as time can be repeated.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';

const { values } = parseArgs({
  options: { kills: { type: 'string' }, only: { type: 'string' }, seed: { type: 'string' } },
});
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const seed = Number(values.seed ?? Date.now() % 1e6);
/** Numbers from 0 to 1, the same for a seed (mulberry32). */
let state = seed;
const random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

const root = mkdtempSync(join(tmpdir(), 'pushpull-chaos-'));
const at = (...parts) => join(root, ...parts);

for (const [split, count] of [
  ['train', 6],
  ['test', 4],
]) {
  for (const [label, name] of ['dark', 'light'].entries()) {
    mkdirSync(at('data', split, name), { recursive: true });
    for (let index = 0; index < count; index++) {
      const data = Uint8Array.from(
        { length: 16 * 16 * 3 },
        (_, i) => 60 + 120 * label + ((i * (index + 3)) % 50),
      );
      const picture = sharp(data, { raw: { width: 16, height: 16, channels: 3 } });
      await picture.png().toFile(at('data', split, name, `${index}.png`));
    }
  }
}
const DATA = ['--data', at('data')];
const SMALL = ['--width', '1', '--epochs', '3', '--batch', '2', '--threads', '1', '--workers', '1'];
const OFTEN = ['--checkpoint-every', '0.0001'];
const MEASURE = ['--threads', '1', '--workers', '1'];

/** The commands; `again` is what goes on where that is not the same. */
const CASES = {
  train: {
    words: (out) => ['train', ...DATA, ...SMALL, ...OFTEN, '--out', out],
    again: (out) => (existsSync(join(out, 'config.json')) ? ['--resume'] : []),
  },
  corrupt: {
    words: (out) => ['corrupt', ...DATA, '--corruption', 'noise,blur', '--workers', '1', '--out', out],
  },
  arrays: {
    words: (out) => [
      ...['corrupt', ...DATA, '--corruption', 'noise,blur', '--format', 'npy', '--workers', '1'],
      ...['--out', out],
    ],
  },
  evaluate: {
    words: (out) => ['evaluate', at('model'), ...DATA, ...MEASURE, '--out', join(out, 'result.json')],
  },
  search: {
    words: (out) => [
      'search',
      ...DATA,
      ...SMALL.slice(0, 4),
      '--lr',
      '0.01,0.02',
      ...SMALL.slice(6),
      ...OFTEN,
      '--out',
      out,
    ],
    again: (out) => (existsSync(join(out, 'search.json')) ? ['--resume'] : []),
  },
  export: { words: (out) => ['export', at('model'), '--out', join(out, 'model.onnx')] },
  retrofit: {
    words: (out) => [
      ...['retrofit', at('model', 'model.onnx'), ...DATA, '--avg', '3', '--alpha', '1', ...MEASURE],
      ...['--out', join(out, 'model.onnx')],
    ],
  },
  experiment: {
    words: (out) => ['experiment', at('experiment.yaml'), ...DATA, ...MEASURE, '--out', out],
  },
};
writeFileSync(
  at('experiment.yaml'),
  `schema: pushpull.experiment/1
title: Chaos
data: mnist
stems:
  conv: { kind: conv }
grid:
  - { networks: [resnet18], stems: [conv], baseline: conv }
training: { width: 1, epochs: 2 }
evaluation: { corruptions: [fog], severities: [1] }
tables: [6]
figures: false
report: false
`,
);

/** What of a file must be equal: all of it, but for times and places. */
function contents(file, out) {
  const bytes = readFileSync(file);
  if (!/\.(json|jsonl|csv)$/.test(file)) return bytes.toString('base64');
  return bytes
    .toString()
    .replaceAll(out, 'OUT')
    .replaceAll(/"(\w*[sS]econds?|imagesPerSecond|created|date)": ?(\{[^}]*\}|[^,}\n]*)/g, '"$1":0');
}

function outcome(out) {
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort();
  // Seconds are columns of a table and members of a checkpoint's state, whose hash is not kept anywhere.
  return new Map(
    paths.filter((file) => !file.endsWith('.csv')).map((file) => [relative(out, file), contents(file, out)]),
  );
}

/** Run a command, and kill it after so many milliseconds. */
function run(words, { after, signal } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const timer = after === undefined ? undefined : setTimeout(() => child.kill(signal), after);
    child.on('close', (status, by) => {
      clearTimeout(timer);
      resolve({ status, by, said });
    });
  });
}

const SIGNALS = ['SIGKILL', 'SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP'];

function fail(name, what) {
  console.error(`${name}: ${what}\nseed ${seed}; the folder stays in ${root}`);
  process.exit(1);
}

const kills = Number(values.kills ?? 200);
const names = values.only?.split(',') ?? Object.keys(CASES);
console.log(`seed ${seed}: ${kills} kills of ${names.join(', ')}`);
if (names.some((name) => ['evaluate', 'export', 'retrofit'].includes(name))) {
  const { status, said } = await run(['train', ...DATA, ...SMALL, '--out', at('model')]);
  if (status !== 0) fail('train', said);
}
for (const [number, name] of names.entries()) {
  const { words, again = () => [] } = CASES[name];
  const whole = at(`${name}-whole`);
  const begun = performance.now();
  const { status, said } = await run(words(whole));
  if (status !== 0) fail(name, `ended with ${status}: ${said}`);
  const length = performance.now() - begun;
  const expected = outcome(whole);
  let left = Math.floor(kills / names.length) + (number < kills % names.length ? 1 : 0);
  const total = left;
  let ends = 0;
  while (left > 0 || ends === 0) {
    const out = at(`${name}-${ends}`);
    for (let session = 0; ; session++) {
      // A command that is killed too often to get anywhere is let through.
      const kill = left > 0 && session < 4;
      const signal = SIGNALS[Math.floor(random() * SIGNALS.length)];
      const end = await run([...words(out), ...again(out)], kill ? { after: random() * length, signal } : {});
      if (kill) left--;
      if (end.status === 0) break;
      const byUs = kill && (end.by === signal || end.status === 130);
      if (!byUs) fail(name, `after ${signal} ended with ${end.status ?? end.by}: ${end.said}`);
    }
    const found = outcome(out);
    const files = [...new Set([...expected.keys(), ...found.keys()])];
    const other = files.filter((file) => expected.get(file) !== found.get(file));
    if (other.length > 0)
      fail(name, `is not what an uninterrupted run leaves: ${other.join(', ')} in ${out}`);
    rmSync(out, { recursive: true });
    ends++;
  }
  console.log(`${name}: killed ${total} times, ${ends} ended as without`);
}
rmSync(root, { recursive: true });
