import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import type { Dataset } from '../src/data/contents.ts';
import { openDataset } from '../src/data/dataset.ts';
import { DataLoader, LoaderPool } from '../src/data/loader/loader.ts';
import { PixelCacheView, pixelCache } from '../src/data/loader/pixel-cache.ts';
import type { Transform } from '../src/data/transform.ts';
import { randomStream } from '../src/random/random.ts';
import { byProcessor, type Comparison, type Entry, toComparison } from './compare.ts';
import { writePictures } from './pictures.ts';
import { Side } from './side.ts';
import { ownProcess, type Subject, type Turn, takeTurns } from './turns.ts';

/** Files of 500 × 375 pixels: enough that the peer's start of a worker, 0.1 s, weighs little. */
const FILES = 512;
/** Training images of CIFAR-10. */
const CIFAR_IMAGES = 50_000;
const BATCH = 64;
/** Images a second a core with which 16 cores make 20,000. */
const WANTED_CIFAR = 1250;

const FLIP_AND_NUMBERS: readonly Transform[] = [
  { kind: 'randomHorizontalFlip' },
  { kind: 'normalize', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
];
const IMAGENET: readonly Transform[] = [
  { kind: 'resize', shortSide: 256 },
  { kind: 'randomCrop', size: 224, padding: 0 },
  ...FLIP_AND_NUMBERS,
];
const CIFAR: readonly Transform[] = [{ kind: 'randomCrop', size: 32, padding: 4 }, ...FLIP_AND_NUMBERS];

interface Case {
  readonly label: string;
  readonly transforms: readonly Transform[];
  readonly open: () => Promise<Dataset>;
  /** What PyTorch's DataLoader with Pillow is asked for. */
  readonly request: object;
  /** Images a second a core, or times the peer's. */
  readonly wanted: { readonly rate?: number; readonly ratio?: number };
}

export interface LoaderBenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Where CIFAR-10 is; else its images are made up, as pixels that are kept cost the same whatever they show. */
  readonly cifar?: string;
}

/**
 * Batches in float32 beside PyTorch's DataLoader with Pillow, with one worker and with one a core: images a second of
 * processor time, which is images a second a core, and by the clock.
 *
 * @param tell called with each case when it is done
 */
export async function benchLoader(
  python: string,
  options: LoaderBenchOptions,
  tell: (comparison: Comparison) => void,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pushpull-bench-'));
  const peer = await Side.python<{ about: string }>(python, 'loader_peer.py').catch((error: Error) => {
    console.error(`left out: ${error.message}`);
    return undefined;
  });
  if (peer) console.log(`peer of the loader: ${peer.about.about}`);
  const pools = [...new Set([1, availableParallelism()])].map((workers) => new LoaderPool(workers));
  try {
    await writePictures(folder, { count: FILES, width: 500, height: 375, classes: 8, split: 'train' });
    for (const one of casesOf(folder, options.cifar)) await measure(one, { ...options, peer, pools }, tell);
  } finally {
    peer?.stop();
    for (const pool of pools) await pool.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function casesOf(folder: string, cifar: string | undefined): Case[] {
  // Of so few files the decoded images would be kept, as they never are of ImageNet.
  const open = async () => {
    const opened = await openDataset(folder, 'train');
    return { ...opened, images: { ...opened.images, cache: null } };
  };
  const files = { kind: 'load', folder, batch: BATCH };
  return [
    {
      label: 'ImageNet recipe with TrivialAugmentWide',
      transforms: [{ kind: 'augment', name: 'trivialaugment' }, ...IMAGENET],
      open,
      request: { ...files, augment: 'trivialaugment' },
      wanted: { ratio: 1.5 },
    },
    {
      label: 'ImageNet recipe alone',
      transforms: IMAGENET,
      open,
      request: { ...files, augment: 'none' },
      wanted: {},
    },
    {
      label: 'CIFAR-10, crop and flip, pixels kept',
      transforms: CIFAR,
      open: () => (cifar === undefined ? madeUpCifar() : openDataset(cifar, 'train')),
      request: { kind: 'cifar', images: CIFAR_IMAGES, batch: BATCH },
      wanted: { rate: WANTED_CIFAR },
    },
  ];
}

interface MeasureOptions extends LoaderBenchOptions {
  readonly peer: Side | undefined;
  readonly pools: readonly LoaderPool[];
}

async function measure(
  { label, transforms, open, request, wanted }: Case,
  { peer, pools, rounds, seconds }: MeasureOptions,
  tell: (comparison: Comparison) => void,
): Promise<void> {
  const dataset = await open();
  let epoch = 0;
  const pass = (pool: LoaderPool) => passes(dataset, { transforms, pool, seconds, nextEpoch: () => epoch++ });
  // What is decoded once is decoded here, and every worker has begun.
  for (const pool of pools.toReversed()) await pass(pool);
  const subjects: Subject[] = pools.flatMap((pool) => {
    const workers = pool.workers === 1 ? '1 worker' : `${pool.workers} workers`;
    const ours = { label: `pushpull, ${workers}`, side: ownProcess, take: () => pass(pool) };
    if (!peer) return [ours];
    const ask = () => peer.ask<Turn>({ ...request, workers: pool.workers, seconds });
    return [ours, { label: `DataLoader, ${workers}`, side: peer, take: ask }];
  });
  const turns = await takeTurns(subjects, { rounds });
  await dataset.close();
  const entries = subjects.map(
    ({ label: name, side }): Entry => ({
      label: name,
      reference: side === peer,
      wanted:
        side !== peer && wanted.ratio
          ? { [name.replace('pushpull', 'DataLoader')]: wanted.ratio }
          : undefined,
    }),
  );
  const goal = wanted.rate === undefined ? '' : ` (wanted ${wanted.rate})`;
  tell(toComparison(`loader, ${label}: images/s a core${goal}`, entries, turns, byProcessor));
  tell(toComparison(`loader, ${label}: images/s by the clock`, entries.map(withoutWanted), turns));
}

const withoutWanted = ({ label, reference }: Entry): Entry => ({ label, reference });

/** Whole passes over the data until so many seconds have passed. */
async function passes(
  dataset: Dataset,
  run: {
    readonly transforms: readonly Transform[];
    readonly pool: LoaderPool;
    readonly seconds: number;
    readonly nextEpoch: () => number;
  },
): Promise<Turn> {
  const start = performance.now();
  let images = 0;
  for (;;) {
    const loader = new DataLoader({
      dataset,
      batchSize: BATCH,
      shuffle: true,
      seed: 0,
      epoch: run.nextEpoch(),
      transforms: run.transforms,
      onBadImage: 'fail',
      pool: run.pool,
    });
    for await (const { count } of loader) images += count;
    const seconds = (performance.now() - start) / 1000;
    if (seconds >= run.seconds) return { images, seconds, steps: Math.ceil(images / BATCH) };
  }
}

/** As many pixels as CIFAR-10 has, kept where decoded ones are kept. */
async function madeUpCifar(): Promise<Dataset> {
  const [side, bytes] = [32, 32 * 32 * 3];
  const cache = pixelCache(CIFAR_IMAGES, bytes);
  const random = randomStream('bench-cifar');
  const noise = Uint8Array.from({ length: bytes + CIFAR_IMAGES }, () => random.int(0, 256));
  const view = new PixelCacheView(cache);
  for (let index = 0; index < CIFAR_IMAGES; index++) {
    const data = noise.subarray(index, index + bytes);
    view.set(index, { data, width: side, height: side, channels: 3 });
  }
  return {
    name: 'made-up',
    displayName: 'made-up CIFAR-10',
    classes: Array.from({ length: 10 }, (_, label) => String(label)),
    length: CIFAR_IMAGES,
    source: { kind: 'made-up', split: 'train' },
    reading: { readAs: 'made up', notes: [] },
    images: { storage: { kind: 'files', paths: [] }, cache },
    label: (index) => index % 10,
    describe: (index) => `image ${index}`,
    read: async (index) => view.get(index)!,
    close: async () => {},
  };
}
