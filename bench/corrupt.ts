/**
 * Processor time of each corruption on one thread, at the sizes that the two parameter sets were made for,
 * beside the libraries that the original Python code calls, and images a second with several processes.
 *
 * Run alone: npx tsx bench/corrupt.ts [a Python with those libraries]
 */
import { fork } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  BENCHMARK_CORRUPTIONS,
  CORRUPTIONS,
  type CorruptionName,
  corrupt,
  PARAMETERS,
  type ParameterSet,
  SEVERITIES,
  type Severity,
} from '../src/corrupt/index.ts';
import { createImage, type Image } from '../src/image/image.ts';
import { jpegRoundTrip } from '../src/image/jpeg.ts';
import { randomStream } from '../src/random/random.ts';
import { Side } from './side.ts';
import { median } from './spread.ts';

interface Setting {
  readonly set: ParameterSet;
  readonly size: number;
  /** Calls a round, so that a round is long enough to be timed. */
  readonly calls: number;
  readonly peerCalls: number;
}

const SETTINGS: readonly Setting[] = [
  { set: 'cifar', size: 32, calls: 40, peerCalls: 10 },
  { set: 'imagenet', size: 224, calls: 4, peerCalls: 4 },
];

/** The original's loop over single pixels, 3 s an image at 224 × 224, is timed once a round. */
const SLOW: CorruptionName = 'glass_blur';

/** Images before the first that is timed. */
const WARM_UP = 20;

type Peer = Side<{ about: string }>;

export interface CorruptionSpeed {
  readonly corruption: CorruptionName;
  readonly set: ParameterSet;
  /** Median milliseconds of processor time an image, severities 1 to 5. */
  readonly ours: readonly number[];
  /** The original's, where its libraries are installed. */
  readonly peers?: readonly number[];
}

/**
 * Print a table of each setting and return its figures. Ours and the original alternate call by call.
 * Results are timed as they leave the corruption, without the JPEG storage of the ImageNet set (quirk
 * `jpeg85`), which is the same for all and stands below the table.
 */
export async function benchCorrupt(python: string, rounds: number): Promise<CorruptionSpeed[]> {
  const peer: Peer | undefined = await Side.python<Peer['about']>(python, 'corrupt_peer.py').catch(
    () => undefined,
  );
  console.log(`corruptions on one thread of ${cpus()[0].model}, processor time`);
  console.log(`peer: ${peer?.about.about ?? `none (${python} lacks its libraries; name one with --python)`}`);
  const all: CorruptionSpeed[] = [];
  for (const setting of SETTINGS) {
    const image = photoLike(setting.size);
    await peer?.ask({ kind: 'image', size: setting.size, pixels: [...image.data] });
    const speeds: CorruptionSpeed[] = [];
    for (const corruption of CORRUPTIONS) {
      speeds.push(await measure(image, corruption, setting, rounds, peer));
    }
    print(setting, speeds, image);
    all.push(...speeds);
  }
  peer?.stop();
  for (const { set, size } of SETTINGS) await printWorkers(set, size);
  return all;
}

async function measure(
  image: Image,
  corruption: CorruptionName,
  { set, size, calls, peerCalls }: Setting,
  rounds: number,
  peer: Peer | undefined,
): Promise<CorruptionSpeed> {
  const ours: number[] = [];
  const peers: number[] = [];
  // Loops get compiled, and each of the frost textures is made once.
  for (let index = 0; index < WARM_UP; index++) apply(image, corruption, 1, set, index);
  for (const severity of SEVERITIES) {
    const mine: number[] = [];
    const theirs: number[] = [];
    const parameters = PARAMETERS[set][corruption][severity - 1];
    const request = {
      kind: 'time',
      corruption,
      size,
      parameters,
      calls: corruption === SLOW ? 1 : peerCalls,
    };
    for (let round = -1; round < rounds; round++) {
      const time = processorTime(() => apply(image, corruption, severity, set, round), calls);
      const seconds = (await peer?.ask<{ seconds: number }>(request))?.seconds ?? 0;
      if (round < 0) continue;
      mine.push(time);
      theirs.push(1000 * seconds);
    }
    ours.push(median(mine));
    peers.push(median(theirs));
  }
  return { corruption, set, ours, peers: peer && peers };
}

function apply(
  image: Image,
  corruption: CorruptionName,
  severity: Severity,
  set: ParameterSet,
  index: number,
): void {
  corrupt(image, { corruption, severity, set, seed: 0, index, quirks: { jpeg85: false } });
}

/** Milliseconds a call. */
function processorTime(call: () => void, calls: number): number {
  const start = process.cpuUsage();
  for (let i = 0; i < calls; i++) call();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000 / calls;
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function print({ set, size }: Setting, speeds: readonly CorruptionSpeed[], image: Image): void {
  const digits = size < 100 ? 3 : 2;
  console.log(`\n${size} × ${size}, strengths of ${set}: milliseconds an image, mean of five severities`);
  console.log(
    `${'corruption'.padEnd(20)}${'ours'.padStart(9)}${'original'.padStart(10)}${'ratio'.padStart(9)}`,
  );
  const line = (label: string, ours: number, peers: number | undefined) => {
    const theirs = peers === undefined ? '' : peers.toFixed(digits).padStart(10);
    const ratio = peers === undefined ? '' : `${(peers / ours).toFixed(1).padStart(8)}×`;
    console.log(`${label.padEnd(20)}${ours.toFixed(digits).padStart(9)}${theirs}${ratio}`);
  };
  for (const { corruption, ours, peers } of speeds) {
    line(corruption, total(ours) / 5, peers && total(peers) / 5);
  }
  const benchmark: readonly CorruptionName[] = BENCHMARK_CORRUPTIONS;
  const grid = (label: string, chosen: readonly CorruptionSpeed[]) => {
    const peers = chosen.flatMap((speed) => speed.peers ?? []);
    const ours = total(chosen.flatMap((speed) => speed.ours));
    line(label, ours, peers.length > 0 ? total(peers) : undefined);
  };
  const inGrid = speeds.filter(({ corruption }) => benchmark.includes(corruption));
  grid('15 × 5 grid', inGrid);
  grid(
    'without glass_blur',
    inGrid.filter(({ corruption }) => corruption !== SLOW),
  );
  if (set === 'imagenet') {
    const jpeg = median(Array.from({ length: 9 }, () => processorTime(() => jpegRoundTrip(image, 85), 4)));
    console.log(`storage as JPEG 85 (quirk jpeg85): ${jpeg.toFixed(2)} ms an image more`);
  }
}

/** Grids that each process makes. */
const GRIDS = 4;

/** Corrupted images a second by the clock, of one process and of two at a time. */
async function printWorkers(set: ParameterSet, size: number): Promise<void> {
  const script = fileURLToPath(import.meta.url);
  const run = () =>
    new Promise<number>((resolve, reject) => {
      const child = fork(script, ['worker', set, String(size)], { execArgv: ['--import', 'tsx'] });
      child.once('message', (seconds) => resolve(Number(seconds)));
      child.once('error', reject);
    });
  const images = GRIDS * BENCHMARK_CORRUPTIONS.length * SEVERITIES.length;
  const alone = images / (await run());
  const two = (2 * images) / Math.max(...(await Promise.all([run(), run()])));
  console.log(
    `${size} × ${size}: ${alone.toFixed(0)} images/s with one process, ${two.toFixed(0)} with two, over the grid`,
  );
}

function work(set: ParameterSet, size: number): void {
  const image = photoLike(size);
  const grid = (index: number) => {
    for (const corruption of BENCHMARK_CORRUPTIONS) {
      for (const severity of SEVERITIES) apply(image, corruption, severity, set, index);
    }
  };
  // Enough of them for every frost texture to be made and every loop to be compiled.
  for (let i = 0; i < 3; i++) grid(i);
  const start = performance.now();
  for (let i = 0; i < GRIDS; i++) grid(i);
  process.send!((performance.now() - start) / 1000, () => process.disconnect());
}

/** Waves, edges and a little grain: a picture whose levels are spread as a photo's are. */
function photoLike(size: number): Image {
  const random = randomStream('bench', size);
  const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => {
    const x = (Math.floor(i / 3) % size) / size;
    const y = Math.floor(i / (3 * size)) / size;
    const edge = (x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.06 ? 60 : 0;
    return 110 + 50 * Math.sin(9 * x + (i % 3)) * Math.cos(7 * y) + edge + random.normal(0, 6);
  });
  return createImage(size, size, data);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [task, set, size] = process.argv.slice(2);
  if (task === 'worker') work(set as ParameterSet, Number(size));
  else await benchCorrupt(task ?? 'python3', 3);
}
