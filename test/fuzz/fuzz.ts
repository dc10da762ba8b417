/**
 * Feeds damaged files to every reader of files that users give, and any text to every option. A reader may refuse a file
 * with a `UserError` (a picture with its documented error); it must not crash, hang, take much memory, write elsewhere or throw
 * anything else.
 *
 *     npm run fuzz -- [--seconds 600] [--seed 1] [--only tar,zip] [--from 0] [--replay FILE --only tar] [--keep FOLDER]
 *
 * The same seed makes the same files: a failure prints the words that repeat it, and the file is kept. The readers take
 * turns; first each reads its seeds as they are.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { randomStream } from '../../src/random/random.ts';
import { mutate } from './mutate.ts';
import { READER_NAMES, type ReaderName } from './readers.ts';
import { ReadingProcess } from './reading-process.ts';
import { type Seed, seedsOf } from './seeds.ts';

/** A process reads so many files at most, so that what is left of earlier ones is forgotten. */
const FILES_OF_PROCESS = 2000;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    only: { type: 'string', default: READER_NAMES.join(',') },
    from: { type: 'string', default: '0' },
    replay: { type: 'string' },
    keep: { type: 'string' },
  },
});
const seed = Number(values.seed);
const only = values.only.split(',') as ReaderName[];
const unknown = only.filter((name) => !READER_NAMES.includes(name));
if (unknown.length > 0) {
  console.error(`--only: expected some of ${READER_NAMES.join(', ')}, found ${unknown.join(', ')}`);
  process.exit(2);
}

const root = mkdtempSync(path.join(tmpdir(), 'pushpull-fuzz-'));
const kept = path.resolve(values.keep ?? path.join(tmpdir(), `pushpull-fuzz-failures-${seed}`));

/** The file that an iteration of a reader reads, and what lies beside it. */
function makeCase(reader: ReaderName, seeds: readonly Seed[], iteration: number): Seed {
  if (reader === 'options') {
    const target = 'options.json';
    const number = randomStream('fuzz', seed, reader, iteration).int(0, 2 ** 31);
    return { target, files: new Map([[target, Buffer.from(JSON.stringify({ seed: number }))]]) };
  }
  // As it is, at first.
  if (iteration < seeds.length) return seeds[iteration];
  const random = randomStream('fuzz', seed, reader, iteration);
  const { target, files } = seeds[random.int(0, seeds.length)];
  const others = seeds.map((each) => each.files.get(each.target)!);
  return { target, files: new Map([...files, [target, mutate(files.get(target)!, random, others)]]) };
}

let child = await ReadingProcess.start(root);
let failures = 0;

/** Read one case in a folder of its own; whether it went well. */
async function tryCase(
  reader: ReaderName,
  { target, files }: Seed,
  name: string,
  again: string,
): Promise<boolean> {
  if (child.files >= FILES_OF_PROCESS) {
    child.stop();
    child = await ReadingProcess.start(root);
  }
  const folder = path.join(root, name);
  for (const [file, bytes] of files) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), bytes);
  }
  const cacheDir = path.join(root, 'cache');
  const problem = await child.read({ reader, file: path.join(folder, target), cacheDir });
  if (problem !== undefined) {
    failures++;
    const copy = path.join(kept, `${reader}-${name}-${path.basename(target)}`);
    mkdirSync(kept, { recursive: true });
    copyFileSync(path.join(folder, target), copy);
    console.error(`\nFAILURE ${reader}: ${problem}\n  kept as ${copy}\n  again: npm run fuzz -- ${again}`);
    child.stop();
    child = await ReadingProcess.start(root);
  }
  rmSync(folder, { recursive: true, force: true });
  rmSync(cacheDir, { recursive: true, force: true });
  return problem === undefined;
}

if (values.replay !== undefined) {
  const [reader] = only;
  const bytes = readFileSync(values.replay);
  // A kept file is called READER-CASE-NAME.
  const target = path.basename(values.replay).replace(/^[a-z]+-\w+-/, '');
  const beside = seedsOf(reader).find((each) => path.basename(each.target) === target);
  const name = beside?.target ?? target;
  const replayed = { target: name, files: new Map([...(beside?.files ?? []), [name, bytes]]) };
  if (only.length !== 1) console.error('--replay: name the reader with --only');
  else if (await tryCase(reader, replayed, 'replay', `--only ${reader} --replay ${values.replay}`))
    console.log('read as it should be');
} else {
  const begun = performance.now();
  const readers = only.map((reader) => ({
    reader,
    seeds: seedsOf(reader),
    next: Number(values.from),
    milliseconds: 0,
  }));
  console.log(`seed ${seed}: ${values.seconds} s of ${only.join(', ')}`);
  const isTime = () => performance.now() - begun < 1000 * Number(values.seconds);
  while (isTime()) {
    // Each gets the same time, not the same number of files.
    const turn = readers.reduce((least, each) => (each.milliseconds < least.milliseconds ? each : least));
    const { reader, seeds } = turn;
    const start = performance.now();
    const iteration = turn.next++;
    const again = `--seed ${seed} --only ${reader} --from ${iteration} --seconds 1`;
    await tryCase(reader, makeCase(reader, seeds, iteration), `i${iteration}`, again);
    turn.milliseconds += performance.now() - start;
  }
  for (const { reader, next } of readers) console.log(`${reader}: ${next - Number(values.from)} files`);
  console.log(
    failures === 0 ? 'no failures' : `${failures} failures, their files are in ${kept}; seed ${seed}`,
  );
}
child.stop();
rmSync(root, { recursive: true, force: true });
process.exit(failures > 0 ? 1 : 0);
