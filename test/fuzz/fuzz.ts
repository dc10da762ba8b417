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
import { type ChildProcess, fork } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomStream } from '../../src/random/random.ts';
import type { Answer, Order } from './child.ts';
import { mutate } from './mutate.ts';
import { READER_NAMES, type ReaderName } from './readers.ts';
import { type Seed, seedsOf } from './seeds.ts';

/** A reader that takes longer hangs: a file of some kilobytes takes milliseconds. */
const HANGS_AFTER = 10_000;
/** What a file of some kilobytes may make a process take beside what it has taken at its start. */
const MEGABYTES = 768;
const OLD_SPACE = 512;
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

/** A process that reads. */
class Child {
  readonly #process: ChildProcess;
  #said = '';
  #atStart = 0;
  files = 0;

  private constructor() {
    const temporary = path.join(root, 'tmp');
    mkdirSync(temporary, { recursive: true });
    this.#process = fork(fileURLToPath(new URL('child.ts', import.meta.url)), [root], {
      execArgv: ['--import', import.meta.resolve('tsx'), `--max-old-space-size=${OLD_SPACE}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        ...process.env,
        HOME: root,
        TMPDIR: temporary,
        PUSHPULL_CACHE: path.join(root, 'cache'),
        NO_COLOR: '1',
      },
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk}`.slice(-4000);
    });
  }

  static async start(): Promise<Child> {
    const child = new Child();
    const answer = await child.#answer(600_000);
    if (answer.problem) throw new Error(`the reading process does not start: ${answer.problem}`);
    child.#atStart = answer.megabytes;
    return child;
  }

  /** What is wrong with how a file was read; undefined where nothing is. */
  async read(order: Order): Promise<string | undefined> {
    this.files++;
    const answer = this.#answer(order.reader === 'options' ? 6 * HANGS_AFTER : HANGS_AFTER);
    this.#process.send(order);
    const { problem, megabytes } = await answer;
    const taken = Math.round(megabytes - this.#atStart);
    if (problem === undefined && taken > MEGABYTES)
      return `took ${taken} MB beside the ${Math.round(this.#atStart)} of its start`;
    return problem;
  }

  /** The next answer, or what became of the process instead. */
  #answer(milliseconds: number): Promise<Answer> {
    return new Promise((resolve) => {
      const end = (answer: Answer) => {
        clearTimeout(timer);
        clearInterval(watch);
        this.#process.removeAllListeners('message').removeAllListeners('exit');
        resolve(answer);
      };
      const timer = setTimeout(
        () => end({ problem: `took longer than ${milliseconds / 1000} s`, megabytes: 0 }),
        milliseconds,
      );
      // Native memory that grows without end would take the machine along before the time is up.
      const watch = setInterval(() => {
        const now = this.#resident();
        if (this.#atStart > 0 && now - this.#atStart > 2 * MEGABYTES)
          end({ problem: `takes ${Math.round(now)} MB`, megabytes: now });
      }, 100);
      this.#process.once('message', (answer) => end(answer as Answer));
      this.#process.once('exit', (status, signal) =>
        end({ problem: `the process ended with ${signal ?? status}\n${this.#said}`, megabytes: 0 }),
      );
    });
  }

  /** Its memory in MB, where the system tells. */
  #resident(): number {
    try {
      return (
        (Number(readFileSync(`/proc/${this.#process.pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 2 ** 20
      );
    } catch {
      return 0;
    }
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }
}

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

let child = await Child.start();
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
    child = await Child.start();
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
    child = await Child.start();
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
