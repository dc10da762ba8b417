/** `pushpull experiment`: train, measure and report all that a file lists. */
import type { Command } from 'commander';
import pc from 'picocolors';
import { checkEngineOptions } from '../../engine/options.ts';
import { UserError } from '../../errors.ts';
import type { ExperimentOptions } from '../../experiment/plan.ts';
import { parseScale, type Scale } from '../../experiment/scale.ts';
import type { SeedChoice } from '../../experiment/selection.ts';
import { wrapText } from '../../report/format.ts';
import { checkDevice } from '../doctor/device.ts';
import { addEngineOptions, type EngineFlags } from '../shared/engine-options.ts';
import { terminalWidth } from '../shared/lines.ts';
import { integer, list } from '../shared/options.ts';
import { INTERRUPTED, interruptible } from '../shared/progress.ts';

const EXAMPLES = `
Examples:
  What there is, and Table 1 of the paper on CIFAR-10: first what it would take, then for real
    $ pushpull experiment
    $ pushpull experiment table1-cifar10 --dry-run
    $ pushpull experiment table1-cifar10 --out table1

  A rehearsal on a laptop: a tenth of the width, the epochs and the images; or largest values for some of these
    $ pushpull experiment table1-cifar10 --out rehearsal --scale 0.1
    $ pushpull experiment table1-cifar10 --out small --scale width=8,epochs=6 --jobs 2

  Several seeds, more of them for the small network:
    $ pushpull experiment table1-cifar10 --out table1 --seeds 1,2,3 --seeds 'resnet50-*=1'

  One row with what it is compared with:
    $ pushpull experiment table1-cifar10 --out table1 --only resnet18-conv,resnet18-pushpull-avg3

  ImageNet, measured on the published corrupted images:
    $ pushpull experiment table2-imagenet --data /data/ILSVRC2012 --corrupted imagenet-c:/data/imagenet-c --out table2

  On an NVIDIA GPU by the libtorch of an installed PyTorch, in half the bits:
    $ pushpull experiment table1-cifar10 --out table1 --engine torch --device cuda --precision bfloat16

  An experiment of your own; begin with a copy of one of those (docs/guide/experiments.md explains the format):
    $ pushpull experiment mine.yaml --data ~/pictures --out mine

The folder gets experiment.json (what was asked), status.json, runs/ROW-seedN (as \`pushpull train\` makes them),
results/ROW-seedN.json (as \`pushpull evaluate\` makes them), tables/, figures/ and report/. Ctrl-C stops cleanly, and the
same command goes on. Runs that are there are kept, also those that \`pushpull train\` made with the same settings:
move their folders into runs/.

--scale FACTOR multiplies the width, the epochs, the training and the test images and rounds to the nearest whole
number, but not below 4 channels, 1 epoch, and one image of each class. Named values are upper bounds, so nothing
grows. A folder keeps the scale that it was begun with.

Exit status: 0 all is done, 3 a training or an evaluation failed (the others were done), 130 stopped by Ctrl-C.
`;

/** Exit status when all was tried, but not all succeeded. */
const FAILED = 3;

interface Flags extends EngineFlags {
  out?: string;
  data?: string;
  corrupted?: string;
  scale?: Scale;
  only?: string[];
  seeds?: SeedChoice[];
  dryRun?: boolean;
  jobs: number;
  workers?: number;
  cache?: string;
}

export function register(program: Command): void {
  const command = program
    .command('experiment')
    .summary("run a table of the paper, or an experiment of one's own")
    .description(
      'Train, measure and report all that an experiment file lists: networks, first layers, augmentations and seeds.',
    )
    .argument(
      '[file]',
      'experiment file (YAML or JSON), or the name of one that comes along; none lists those',
    )
    .option('--out <dir>', 'folder of runs, results, tables, figures and report')
    .option('--data <data>', 'where the data is, in place of what the file says')
    .option(
      '--corrupted <set>',
      'published corrupted images to measure on: cifar10-c:PATH, cifar100-c:PATH or imagenet-c:PATH (default: corrupt test images in memory)',
    )
    .option(
      '--scale <factor>',
      'a smaller rehearsal: a factor such as 0.1, or width=8,epochs=6,train=5000,test=1000 or some of these',
      parseScale,
    )
    .option('--only <rows>', 'only these rows, with commas; * stands for any letters', list(String))
    .option(
      '--seeds <seeds>',
      "seeds of all rows, or of some as 'resnet50-*=1'; may be given several times (default: the file's)",
      seedChoices,
    )
    .option('--dry-run', 'print what would be done and how long it may take, and do nothing')
    .optionsGroup('Machine:')
    .option('--jobs <n>', 'runs side by side, which share the threads', integer('--jobs', 1), 1);
  addEngineOptions(command, 'threads that compute, all jobs together')
    .option(
      '--workers <n>',
      'threads that load images, all jobs together (default: one for two cores in training, one a core in evaluation)',
      integer('--workers', 1),
    )
    .option('--cache <dir>', 'where downloaded data sets are kept')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, flags: Flags) => {
      if (file === undefined) return printShipped();
      await run(file, flags);
    });
}

async function run(file: string, flags: Flags): Promise<void> {
  const { out, cache, dryRun, ...rest } = flags;
  if (out === undefined && !dryRun) {
    throw new UserError('--out: say which folder the experiment goes to, --out DIR');
  }
  const options: ExperimentOptions = {
    ...{ ...rest, experiment: file, out: out ?? '' },
    ...(cache && { cacheDir: cache }),
  };
  checkEngineOptions(options);
  await checkDevice(options);
  // Charts and their libraries take half a second to load, which no other command should pay.
  if (dryRun) {
    const { planExperiment } = await import('../../experiment/plan.ts');
    const { printPlan } = await import('./plan.ts');
    return printPlan(await planExperiment(options), out === undefined);
  }
  const { runExperiment } = await import('../../experiment/run.ts');
  const { ExperimentDisplay, failureLines } = await import('./display.ts');
  const display = new ExperimentDisplay();
  const result = await interruptible(
    async (signal) => {
      try {
        return await runExperiment(options, { signal, onEvent: display.event });
      } finally {
        display.close();
      }
    },
    () => display.stopping(),
  );
  for (const line of failureLines(result.states)) console.error(line);
  if (result.status === 'interrupted') {
    console.error(`stopped and saved. ${pc.bold('The same command goes on.')}`);
    process.exitCode = INTERRUPTED;
    return;
  }
  const { conclusion } = await import('./conclusion.ts');
  console.log(conclusion(result));
  if (result.status === 'failed') process.exitCode = FAILED;
}

async function printShipped(): Promise<void> {
  const { readExperiment, shippedExperiments } = await import('../../experiment/read.ts');
  const names = await shippedExperiments();
  const width = Math.max(...names.map(({ length }) => length));
  for (const name of names) {
    const { title, rows } = await readExperiment(name);
    const text = wrapText(`${title} (${rows.length} rows)`, terminalWidth() - width - 3);
    console.log(`${pc.bold(name.padEnd(width))}   ${text.join(`\n${' '.repeat(width + 3)}`)}`);
  }
  console.log('\nRun one with: pushpull experiment NAME --out DIR');
}

/** `1,2,3` for all rows, `resnet50-*=1,2` for some; each --seeds adds to those before it. */
function seedChoices(text: string, before: SeedChoice[] = []): SeedChoice[] {
  const [, rows, seeds] = /^(?:(.+)=)?([^=]*)$/.exec(text) ?? [];
  const numbers = list(integer('--seeds', 0))(seeds ?? '');
  const twice = numbers.find((seed, index) => numbers.indexOf(seed) < index);
  if (twice !== undefined) throw new UserError(`--seeds: expected different seeds, found ${twice} twice`);
  return [...before, { ...(rows !== undefined && { rows }), seeds: numbers }];
}
