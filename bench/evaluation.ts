import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { BENCHMARK_CORRUPTIONS, type Severity } from '../src/corrupt/index.ts';
import type { EngineOptions } from '../src/engine/engine.ts';
import { createEngine } from '../src/engine/node/index.ts';
import { evaluate } from '../src/evaluate/evaluate.ts';
import { startRun } from '../src/train/start.ts';
import { type Comparison, type Entry, toComparison } from './compare.ts';
import type { EngineChoice } from './contenders.ts';
import { atImageNet, inference, resnet18, titleOf, type Workload } from './network.ts';
import { writePictures } from './pictures.ts';
import { ownTree } from './side.ts';
import { type Subject, type Turn, type Turns, takeTurns } from './turns.ts';

/** Images a cell: enough that starting threads and making frost textures, 2 s, weigh little. */
const casesAt = (width: number) => [
  { workload: resnet18(width), images: 96, side: { width: 32, height: 32 } },
  {
    workload: { ...atImageNet('resnet18', 16), width, classes: 10 },
    images: 32,
    side: { width: 500, height: 375 },
  },
];
const SEVERITIES: readonly Severity[] = [2, 4];
const CELLS = 1 + BENCHMARK_CORRUPTIONS.length * SEVERITIES.length;
/** Images that the network is trained on, for a step: an evaluation wants the folder of a run. */
const TRAINED = 20;

/** Share of the network's own speed that is to be left, and how many times today's speed bfloat16 is to have. */
const WANTED = { ofNetwork: 0.8, bfloat16: 1.6 };

export interface EvaluationBenchOptions {
  readonly engines: readonly EngineChoice[];
  /** Of ResNet-18. */
  readonly width: number;
  readonly threads: number;
  readonly rounds: number;
  readonly seconds: number;
}

/**
 * What an evaluation under all corruptions costs beyond the network, on each of our engines: decoding, corrupting and
 * preparing images happens in other threads while the network runs, but on the same cores.
 */
export async function benchEvaluation(
  options: EvaluationBenchOptions,
  tell: (comparison: Comparison) => void,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pushpull-bench-'));
  try {
    const engines = await usable(options);
    for (const { workload, images, side } of casesAt(options.width)) {
      const at = path.join(folder, workload.form);
      const data = path.join(at, 'data');
      const pictures = { ...side, classes: workload.classes };
      await writePictures(data, { ...pictures, count: TRAINED, split: 'train' });
      await writePictures(data, { ...pictures, count: images, split: 'test' });
      const model = path.join(at, 'run');
      await trainALittle(model, data, workload);
      const subjects = engines.flatMap(({ label, options: engine }): Subject[] => [
        {
          label: `network alone, ${label}`,
          side: ownTree,
          take: () => networkAlone(engine, workload, options),
        },
        {
          label: `evaluate, ${label}`,
          side: ownTree,
          take: () => evaluation({ ...engine, model, data, batchSize: workload.batch }),
        },
      ]);
      report(titleOf(workload), engines, await takeTurns(subjects, options), tell);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface NamedEngine {
  readonly label: string;
  readonly options: EngineOptions;
}

/** Our engines that are there. */
async function usable({ engines, threads }: EvaluationBenchOptions): Promise<NamedEngine[]> {
  const found: NamedEngine[] = [];
  for (const { label, choice } of engines) {
    const options: EngineOptions = { ...choice, device: 'cpu', threads };
    try {
      await (await createEngine(options)).close();
      found.push({ label, options });
    } catch (error) {
      console.error(`left out: ${label}: ${(error as Error).message}`);
    }
  }
  return found;
}

async function trainALittle(out: string, data: string, workload: Workload): Promise<void> {
  const { model, form, width } = workload;
  await startRun(
    { data, model, form, width, stem: { kind: 'conv' }, epochs: 1, batchSize: TRAINED, limit: { test: 10 } },
    { out },
  );
}

/** The network on batches that lie ready. */
async function networkAlone(
  options: EngineOptions,
  workload: Workload,
  { seconds: least }: EvaluationBenchOptions,
): Promise<Turn> {
  const engine = await createEngine(options);
  const network = await inference(engine, workload);
  const first = 2;
  for (let i = 0; i < first; i++) await network.run();
  const start = performance.now();
  let [steps, seconds] = [0, 0];
  while (seconds < least || steps < 3) {
    await network.run();
    steps++;
    seconds = (performance.now() - start) / 1000;
  }
  await network.close();
  await engine.close();
  return { images: steps * workload.batch, seconds, steps: first + steps };
}

/** `pushpull evaluate`, from the end of the first cell, in which threads begin, to that of the last. */
async function evaluation(
  run: EngineOptions & { model: string; data: string; batchSize: number },
): Promise<Turn> {
  let start: number | undefined;
  const result = await evaluate({
    ...run,
    corruptions: [...BENCHMARK_CORRUPTIONS],
    severities: SEVERITIES,
    workers: availableParallelism(),
    onEvent: (event) => {
      if (event.kind === 'cell') start ??= performance.now();
    },
  });
  const images = (CELLS - 1) * result.data.images;
  return {
    images,
    seconds: (performance.now() - start!) / 1000,
    steps: CELLS * Math.ceil(result.data.images / run.batchSize),
  };
}

/** Each engine's evaluation beside its network, and beside the evaluation on the first engine. */
function report(
  title: string,
  engines: readonly NamedEngine[],
  turns: Turns,
  tell: (comparison: Comparison) => void,
): void {
  engines.forEach(({ label }, at) => {
    const entries: Entry[] = [
      { label: 'network alone', reference: true },
      { label: 'evaluate', reference: false, wanted: { 'network alone': WANTED.ofNetwork } },
    ];
    tell(toComparison(`evaluation, ${label}, ${title}`, entries, select(turns, [2 * at, 2 * at + 1])));
  });
  const entries = engines.map(
    ({ label, options: { precision } }, at): Entry => ({
      label,
      reference: at === 0,
      wanted: precision === 'bfloat16' ? { [engines[0].label]: WANTED.bfloat16 } : {},
    }),
  );
  const evaluations = select(
    turns,
    engines.map((_, at) => 2 * at + 1),
  );
  tell(toComparison(`evaluation by engine, ${title}`, entries, evaluations));
}

/** Some of those who took turns. */
function select({ series, failures }: Turns, numbers: readonly number[]): Turns {
  const failed = numbers.flatMap((number, at) =>
    failures.has(number) ? [[at, failures.get(number)!] as const] : [],
  );
  return { series: numbers.map((number) => series[number]), failures: new Map(failed), disturbances: [] };
}
