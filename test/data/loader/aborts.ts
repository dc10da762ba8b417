/**
 * Passes over data that are given up at random moments, one after the other, with nothing else that would keep the process
 * alive: one that never settles ends it with exit status 13. Run by aborts.test.ts in a process of its own; words: rounds, seed.
 */
import { Worker } from 'node:worker_threads';
import { DataLoader, type DataLoaderOptions, LoaderPool } from '../../../src/data/loader/loader.ts';
import { randomStream } from '../../../src/random/random.ts';

const [rounds, seed] = process.argv.slice(2).map(Number);
const random = randomStream('aborts', seed);

/** A thread that takes a moment for a batch, cannot make some, and dies of others. */
const THREAD = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ kind, id, job }) => {
  if (kind !== 'make') return;
  const [first] = job.indices;
  setTimeout(() => {
    if (first % 23 === 3) process.exit(1);
    if (first % 7 === 5) return parentPort.postMessage({ id, failure: { message: 'broken', isUserError: true } });
    const buffer = new SharedArrayBuffer(12);
    parentPort.postMessage({
      id,
      result: { buffer, dtype: 'float32', shape: [3, 1, 1], kept: [0], bad: [], damaged: [] },
    });
  }, first % 5);
});`;

/** As much of a data set as a loader looks at. */
const dataset = {
  length: 24,
  images: {},
  label: () => 0,
  describe: (index: number) => `image ${index}`,
} as unknown as DataLoaderOptions['dataset'];

const newPool = () => new LoaderPool(1, () => new Worker(THREAD, { eval: true }));
const ends = { left: 0, failed: 0, closed: 0, whole: 0 };
let pool = newPool();
for (let round = 0; round < rounds; round++) {
  const loader = new DataLoader({
    ...{ dataset, batchSize: 1, shuffle: true, seed: round, epoch: 0 },
    ...{ transforms: [], onBadImage: 'fail', pool },
  });
  const batches = random.int(0, 6);
  const pass = (async () => {
    let got = 0;
    for await (const _ of loader) if (++got > batches) return 'left';
    return 'whole';
  })().catch((error: Error) => (/closed/.test(error.message) ? 'closed' : 'failed'));
  // Half of them are stopped from outside while a batch is in the making, as Ctrl-C does.
  if (random.bernoulli(0.5)) {
    await new Promise((resolve) => setTimeout(resolve, random.int(0, 20)));
    await pool.close();
    ends[(await pass) as keyof typeof ends]++;
    pool = newPool();
  } else ends[(await pass) as keyof typeof ends]++;
}
await pool.close();
console.log(JSON.stringify(ends));
