import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { BENCHMARK_CORRUPTIONS } from '../src/corrupt/index.ts';
import { evaluate } from '../src/evaluate/evaluate.ts';
import { atImageNet, cpuEngine, exportSubject, inference, resnet18, type Subject } from './network.ts';
import { writePictures } from './pictures.ts';

/** Images a cell, of which 76 are measured: enough that starting threads and making frost textures, 2 s, weigh little. */
const CASES = [
  { subject: resnet18(64), images: 128, side: { width: 32, height: 32 } },
  { subject: { ...atImageNet('resnet18', 16), classes: 10 }, images: 64, side: { width: 500, height: 375 } },
];
const SEVERITIES = [1, 2, 3, 4, 5] as const;
const CELLS = BENCHMARK_CORRUPTIONS.length * SEVERITIES.length;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

/**
 * What an evaluation under all corruptions costs beyond the network: decoding, corrupting and preparing images
 * happens in other threads while the network runs, but on the same cores.
 */
export async function benchEvaluation(threads: number, rounds: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pushpull-bench-'));
  try {
    for (const { subject, images, side } of CASES) {
      const data = path.join(folder, `${subject.form}-data`);
      await writePictures(data, { count: images, ...side, classes: subject.classes, split: 'test' });
      const model = path.join(folder, `${subject.form}.onnx`);
      await writeFile(model, exportSubject(subject));
      const alone: number[] = [];
      const whole: number[] = [];
      for (let round = 0; round < rounds; round++) {
        alone.push(await networkAlone(subject, threads));
        whole.push(await evaluation({ model, data, threads, batch: subject.batch }));
      }
      const [net, all] = [median(alone), median(whole)];
      const { model: name, width, size } = subject;
      console.log(
        `evaluation, ${name}, width ${width}, ${size}×${size}: network alone ${net.toFixed(1)} images/s, ` +
          `with corruptions ${all.toFixed(1)}: ${(100 * (net / all - 1)).toFixed(1)} % more time (wanted at most 25 %)`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Images a second of the network on batches that lie ready. */
async function networkAlone(subject: Subject, threads: number): Promise<number> {
  const engine = await cpuEngine(threads);
  const network = await inference(engine, subject);
  await network.run();
  const times: number[] = [];
  for (let total = 0; total < 5; total += times.at(-1)!) times.push(await network.run());
  await network.close();
  await engine.close();
  return subject.batch / median(times);
}

/** Images a second of `pushpull evaluate`, from the first cell to the last. */
async function evaluation(run: {
  model: string;
  data: string;
  threads: number;
  batch: number;
}): Promise<number> {
  let start = 0;
  const result = await evaluate({
    model: run.model,
    data: run.data,
    threads: run.threads,
    batchSize: run.batch,
    corruptions: [...BENCHMARK_CORRUPTIONS],
    workers: availableParallelism(),
    onEvent: (event) => {
      if (event.kind === 'start') start = performance.now();
    },
  });
  const seconds = (performance.now() - start) / 1000;
  return ((CELLS + 1) * result.data.images) / seconds;
}
