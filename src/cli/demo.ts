/** `pushpull demo`: train, corrupt, measure, compare and report in one command. */

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import { BUILT_IN_DATASETS, openDataset } from '../data/dataset.ts';
import { loadSharp } from '../data/pictures/sharp.ts';
import { checkEngineOptions, storedChoice } from '../engine/options.ts';
import { UserError } from '../errors.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { writeFileAtomic } from '../files/files.ts';
import { ifThere, mkdir, readFile } from '../files/fs.ts';
import { folderLock, withLock } from '../files/lock.ts';
import type { StemConfig } from '../models/config.ts';
import { findCheckpoint } from '../run/checkpoint.ts';
import { isRun, runPaths } from '../run/run.ts';
import { problemOf } from '../system-errors.ts';
import { resumeRun, startRun } from '../train/start.ts';
import { EvaluationDisplay } from './evaluate/display.ts';
import { writeReport } from './report/report.ts';
import { addEngineOptions, type EngineFlags, toEngine } from './shared/engine-options.ts';
import { integer } from './shared/options.ts';
import { duration, INTERRUPTED, interruptible } from './shared/progress.ts';
import { TrainingDisplay } from './train/display.ts';

/** How much is done: enough to learn within minutes on two cores, or just enough to touch every part. */
const SCALES = {
  full: { width: 8, limit: 5000, epochs: 6, images: 1000 },
  quick: { width: 2, limit: 128, epochs: 1, images: 16 },
} as const;

const NETWORKS: readonly { readonly name: string; readonly title: string; readonly stem: StemConfig }[] = [
  { name: 'plain', title: 'a plain network', stem: { kind: 'conv' } },
  {
    name: 'pushpull',
    title: 'the same network with a push-pull first layer',
    stem: { kind: 'pushpull', avg: 3, alpha: 'trainable' },
  },
];

const DEMO_SCHEMA = 'pushpull.demo/1';

const EXAMPLES = `
Examples:
  The whole story on handwritten digits that come with the package:
    $ pushpull demo

  The same on your own pictures (train/<class>/* and test/<class>/*), or on CIFAR-10:
    $ pushpull demo --data ~/pictures --out runs/pictures-demo
    $ pushpull data cifar10 && pushpull demo --data cifar10 --out runs/cifar10-demo

Ctrl-C stops and keeps what is finished; the same command goes on from there. The networks are narrow and see a
part of the images only, so that it takes minutes: the numbers show how the tool works, not what push-pull can do.
`;

interface Flags extends EngineFlags {
  data: string;
  out: string;
  quick?: boolean;
  seed: number;
  cache?: string;
}

export function register(program: Command): void {
  const command = program
    .command('demo')
    .summary('the whole story in minutes: train two networks, corrupt, compare, report')
    .description(
      'Train a plain and a push-pull ResNet-18, measure both under 15 corruptions, and write a report that compares them.',
    )
    .option('--data <data>', 'mnist, cifar10, or an image folder or archive', 'mnist')
    .option('--out <dir>', 'folder for runs, results and report', 'runs/demo')
    .option('--quick', 'seconds instead of minutes: touches every part, learns next to nothing')
    .option('--seed <n>', 'of weights, order, selections and corruptions', integer('--seed', 0), 0);
  addEngineOptions(command)
    .option('--cache <dir>', 'where downloaded data sets are kept')
    .addHelpText('after', EXAMPLES)
    .action((flags: Flags) => withLock(folderLock(flags.out), () => demo(flags)));
}

async function demo(flags: Flags): Promise<void> {
  const begin = performance.now();
  checkEngineOptions(flags);
  // The report's pictures need it; not after minutes of training.
  loadSharp();
  // Before the folder is claimed for these images.
  await (await openDataset(flags.data, 'train', { cacheDir: flags.cache })).close();
  await claimFolder(flags);
  const results: string[] = [];
  for (const [index, { name, title, stem }] of NETWORKS.entries()) {
    heading(2 * index + 1, `Train ${title}`);
    const run = join(flags.out, name);
    if (!(await trainNetwork(run, stem, flags))) return stopped();
    heading(2 * index + 2, 'Show it 15 kinds of bad pictures, each in 5 strengths');
    const result = join(flags.out, `${name}.json`);
    if (!(await measure(run, result, results[0], flags))) return stopped();
    results.push(result);
  }
  heading(5, 'Compare');
  await writeReport(results, { out: join(flags.out, 'report'), cache: flags.cache });
  console.error(pc.dim(`\ntook ${duration((performance.now() - begin) / 1000)}`));
}

/** Train, or go on where an earlier demo in this folder stopped. False when Ctrl-C came. */
async function trainNetwork(out: string, stem: StemConfig, flags: Flags): Promise<boolean> {
  const { width, limit, epochs } = scale(flags);
  const { data, seed, cache: cacheDir } = flags;
  const { threads, gpu, torch, ...choice } = toEngine(flags);
  const begun = (await isRun(out)) && (await findCheckpoint(runPaths(out).checkpoint)) !== undefined;
  const display = new TrainingDisplay(out);
  const result = await interruptible(
    async (signal) => {
      const session = {
        out,
        threads,
        gpu,
        torch,
        cacheDir,
        signal,
        onConfig: display.config,
        onData: data === 'mnist' ? undefined : display.data,
        onEvent: display.event,
      };
      try {
        return begun
          ? await resumeRun(session, choice)
          : await startRun({ data, stem, width, limit, epochs, seed, ...choice }, session);
      } finally {
        display.close();
      }
    },
    () => display.stopping(),
  );
  return result.status === 'finished';
}

/** Evaluate, or go on where an earlier demo stopped. False when Ctrl-C came. */
async function measure(
  model: string,
  out: string,
  baseline: string | undefined,
  flags: Flags,
): Promise<boolean> {
  const { data, seed, cache: cacheDir } = flags;
  const display = new EvaluationDisplay(out);
  let heard = false;
  try {
    await interruptible(
      (signal) =>
        evaluate({
          model,
          data,
          out,
          baseline,
          limit: scale(flags).images,
          seed,
          ...toEngine(flags),
          cacheDir,
          signal,
          onEvent: display.event,
        }),
      () => {
        heard = true;
        display.stopping();
      },
    );
    return true;
  } catch (error) {
    if (heard) return false;
    throw error;
  } finally {
    display.close();
  }
}

/** Note what the folder is for, so that a demo with other settings does not mix with one that is there. */
async function claimFolder({ data, out, quick = false, seed, precision, tf32 }: Flags): Promise<void> {
  const settings = `${JSON.stringify({
    schema: DEMO_SCHEMA,
    data: (BUILT_IN_DATASETS as readonly string[]).includes(data) ? data : resolve(data),
    quick,
    seed,
    ...storedChoice({ precision, tf32 }),
  })}\n`;
  const file = join(out, 'demo.json');
  const found = await ifThere(readFile(file, 'utf8'));
  if (found === settings) return;
  if (found !== undefined) {
    throw new UserError(
      `--out ${out}: holds a demo with other settings (${found.trim()}); choose another folder, or remove this one`,
    );
  }
  try {
    await mkdir(out, { recursive: true });
    await writeFileAtomic(file, settings);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `--out ${out}: the folder cannot be made (${problemOf(error)}); choose one that can be written`,
    );
  }
}

function scale({ quick }: Flags) {
  return quick ? SCALES.quick : SCALES.full;
}

function heading(step: number, title: string): void {
  console.error(`\n${pc.bold(pc.cyan(`${step}/${2 * NETWORKS.length + 1}`))} ${pc.bold(title)}`);
}

function stopped(): void {
  console.error('stopped; the same command goes on from here');
  process.exitCode = INTERRUPTED;
}
