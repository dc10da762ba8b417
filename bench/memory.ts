import { execFileSync } from 'node:child_process';
import { freemem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MODELS } from '../src/models/registry.ts';
import { atImageNet, resnet18, type Workload } from './network.ts';

/** Images of a batch in which every network is to fit `WANTED` megabytes. */
const BATCH = 32;
const WANTED = 24 * 1024;

/** Peak memory, in megabytes, of a process of its own that trains at this workload. */
function peakMegabytes(workload: Workload, threads: number, steps: number): number {
  const script = fileURLToPath(new URL('./peak-memory.ts', import.meta.url));
  const options = ['--import', 'tsx', script, JSON.stringify(workload), String(threads), String(steps)];
  return Number(execFileSync(process.execPath, options, { encoding: 'utf8' }));
}

/**
 * Peak memory of training: of every network on a batch of ImageNet's images, of the ResNets that cost most in each
 * variant, and of ResNet-18 as the paper trains it on CIFAR-10. What this machine has too little free memory for is
 * drawn out from two smaller batches, and marked so.
 */
export function benchMemory(threads: number): void {
  const small = peakMegabytes(resnet18(64), threads, 4);
  console.log(
    `peak memory of training, resnet18, width 64, 32×32, batch 64: ${small} MB (wanted below 2048)`,
  );
  const workloads = MODELS.map(({ name }) => atImageNet(name, BATCH));
  for (const model of ['resnet50', 'resnet152']) {
    const plain = atImageNet(model, BATCH);
    for (const antialias of ['blurconv1', 'blurconv2'] as const) workloads.push({ ...plain, antialias });
    workloads.push({ ...plain, stem: 'pushpull' });
  }
  for (const workload of workloads) {
    const { model, stem, size, antialias } = workload;
    const [few, more] = [2, 6].map((batch) => peakMegabytes({ ...workload, batch }, threads, 2));
    const estimate = Math.round(few + ((more - few) / 4) * (BATCH - 2));
    const fits = 1.2 * estimate < freemem() / 2 ** 20;
    const peak = fits ? peakMegabytes(workload, threads, 2) : estimate;
    const variant = [model, stem, antialias ?? []].flat().join(', ');
    const how = fits ? '' : ', drawn out from batches 2 and 6';
    console.log(
      `peak memory of training, ${variant}, ${size}×${size}, batch ${BATCH}: ${peak} MB (wanted below ${WANTED}${how})`,
    );
  }
}
