import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDataset } from '../src/data/dataset.ts';
import { DataLoader, LoaderPool } from '../src/data/loader/loader.ts';
import type { Transform } from '../src/data/transform.ts';
import { PythonPeer } from './peer.ts';
import { writePictures } from './pictures.ts';

/** Enough that the peer's start of a worker, 0.1 s, weighs little. */
const IMAGES = 512;
const BATCH = 64;
const WANTED = 1.5;

const RECIPE: readonly Transform[] = [
  { kind: 'resize', shortSide: 256 },
  { kind: 'randomCrop', size: 224, padding: 0 },
  { kind: 'randomHorizontalFlip' },
  { kind: 'normalize', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
];
const CASES = [
  { label: 'ImageNet recipe with TrivialAugmentWide', augment: 'trivialaugment' },
  { label: 'ImageNet recipe alone', augment: 'none' },
] as const;

interface Pass {
  /** Seconds by the clock. */
  readonly wall: number;
  /** Processor seconds of all threads or processes. */
  readonly processor: number;
  readonly images: number;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

/**
 * Images a second of processor time, which is images a second a core: JPEG files of 500 × 375 pixels become batches of
 * 224 × 224 in float32, by one worker, beside PyTorch's DataLoader with one worker and Pillow. Passes alternate, and
 * the ratio is the median of the ratios of neighbours.
 */
export async function benchLoader(python: string, rounds: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pushpull-bench-'));
  const peer = await PythonPeer.start<{ about: string }>(python, 'loader_peer.py');
  const pool = new LoaderPool(1);
  try {
    await writePictures(folder, { count: IMAGES, width: 500, height: 375, classes: 8, split: 'train' });
    console.log(
      `peer: ${peer?.about.about ?? `none (${python} has no torchvision; name one with --python)`}`,
    );
    for (const { label, augment } of CASES) {
      const mine: Pass[] = [];
      const theirs: Pass[] = [];
      for (let round = 0; round <= rounds; round++) {
        const ours = await pass(folder, pool, augment, round);
        const other = await peer?.ask<Pass>({ kind: 'load', folder, augment, batch: BATCH, workers: 1 });
        if (round === 0) continue;
        mine.push(ours);
        if (other) theirs.push(other);
      }
      print(label, mine, theirs);
    }
  } finally {
    peer?.stop();
    await pool.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function pass(
  folder: string,
  pool: LoaderPool,
  augment: 'trivialaugment' | 'none',
  epoch: number,
): Promise<Pass> {
  const opened = await openDataset(folder, 'train');
  // Of so few images the decoded ones would be kept, as they never are of ImageNet.
  const dataset = { ...opened, images: { ...opened.images, cache: null } };
  const first: Transform[] = augment === 'none' ? [] : [{ kind: 'augment', name: augment }];
  const loader = new DataLoader({
    dataset,
    batchSize: BATCH,
    shuffle: true,
    seed: 0,
    epoch,
    transforms: [...first, ...RECIPE],
    onBadImage: 'fail',
    pool,
  });
  const wall = performance.now();
  const processor = process.cpuUsage();
  let images = 0;
  for await (const { count } of loader) images += count;
  const { user, system } = process.cpuUsage(processor);
  await opened.close();
  return { wall: (performance.now() - wall) / 1000, processor: (user + system) / 1e6, images };
}

function print(label: string, mine: readonly Pass[], theirs: readonly Pass[]): void {
  const rate = (passes: readonly Pass[], by: 'wall' | 'processor') =>
    median(passes.map((one) => one.images / one[by])).toFixed(0);
  const ratio = (by: 'wall' | 'processor') =>
    median(mine.map((one, i) => theirs[i][by] / one[by])).toFixed(2);
  const [a, b] = [rate(mine, 'processor'), rate(mine, 'wall')];
  if (theirs.length === 0) {
    console.log(`loader, ${label}: ${a} images/s a core, ${b} by the clock`);
    return;
  }
  console.log(
    `loader, ${label}: ${a} images/s a core, PyTorch ${rate(theirs, 'processor')}: ${ratio('processor')} × ` +
      `(wanted ${WANTED}); by the clock ${b} and ${rate(theirs, 'wall')}: ${ratio('wall')} ×`,
  );
}
