/** `pushpull search`: the learning rate, weight decay and batch size that train best, on a grid. */
import type { Command } from 'commander';
import { UserError } from '../../errors.ts';
import {
  DEFAULT_VALIDATION,
  resumeSearch,
  type SearchRequest,
  type SearchResult,
  startSearch,
} from '../../train/search/search.ts';
import { searchPaths } from '../../train/search/settings.ts';
import { integer, list, positive } from '../shared/options.ts';
import { INTERRUPTED, interruptible } from '../shared/progress.ts';
import {
  addMachineOptions,
  addNetworkOptions,
  addPresetOptions,
  addSelectionOptions,
  dataFolderName,
  RESUMABLE,
  type RunFlags,
  refuseChanges,
  toRunRequest,
} from '../train/run-options.ts';
import { SearchDisplay } from './display.ts';
import { searchConclusion, searchTable } from './table.ts';

const EXAMPLES = `
Examples:
  Four settings of a small push-pull network, two epochs each on 2,000 images, to see whether all works:
    $ pushpull search --data cifar10 --width 8 --limit 2000 --epochs 2 --stem pushpull \\
        --lr 0.05,0.2 --batch 64,128 --out searches/try

  A grid as one would use it; each setting with two seeds, on all training images but the held-out tenth:
    $ pushpull search --data cifar10 --width 16 --epochs 5 --stem pushpull \\
        --lr 0.05,0.1,0.2,0.4 --weight-decay 1e-5,1e-4,5e-4 --batch 64,128 --seeds 0,1 --out searches/cifar10

  Ten settings of that grid, drawn at random:
    $ pushpull search --data cifar10 --width 16 --epochs 5 --stem pushpull --trials 10 \\
        --lr 0.05,0.1,0.2,0.4 --weight-decay 1e-5,1e-4,5e-4 --batch 64,128 --out searches/ten

  Ctrl-C stops after the step at hand and saves; this goes on where it stopped, or adds values to a grid:
    $ pushpull search --out searches/cifar10 --resume
    $ pushpull search --out searches/cifar10 --resume --lr 0.05,0.1,0.2,0.4,0.8

Settings are compared on images that are held out of the training set; the test images are not used, so that the
error which is measured on them in the end owes nothing to the choice. The folder gets search.json (all settings),
trials/NAME (a run a trial, for \`pushpull evaluate\` and \`export\` too), results.csv and results.json.
`;

interface Flags extends RunFlags {
  lr?: number[];
  weightDecay?: number[];
  batch?: number[];
  seeds?: number[];
  trials?: number;
}

/** What a search that goes on may be asked: how it is carried out, and more trials. */
const CHANGEABLE = [...RESUMABLE, 'lr', 'weightDecay', 'batch', 'seeds', 'trials'];

export function register(program: Command): void {
  const command = program
    .command('search')
    .summary('search learning rate, weight decay and batch size')
    .description(
      'Train a network with every combination of learning rates, weight decays and batch sizes, each on a part of the ' +
        'training images, and compare them on the part that was held out.',
    )
    .option('--data <data>', 'cifar10, mnist, or a folder or .tar(.gz) with train/<class>/*')
    .option('--out <dir>', "the search's folder (default: searches/DATA-MODEL)")
    .option('--resume', 'go on with the search in --out; the same command, or --out alone')
    .optionsGroup('Grid:')
    .option(
      '--lr <rates>',
      "peaks of the learning rate, with commas (default: the recipe's)",
      list(positive('--lr')),
    )
    .option(
      '--weight-decay <values>',
      "on every parameter (default: the recipe's)",
      list(positive('--weight-decay', 'or zero')),
    )
    .option('--batch <sizes>', "images a step (default: the recipe's)", list(integer('--batch', 1)))
    .option('--seeds <seeds>', 'train each setting once with each (default: 0)', list(integer('--seeds', 0)))
    .option(
      '--trials <n>',
      'try only n settings of the grid, drawn by the first seed',
      integer('--trials', 1),
    );
  addSelectionOptions(
    addPresetOptions(addNetworkOptions(command)),
    `share of the training images that is held out to compare on (default: ${DEFAULT_VALIDATION})`,
  );
  addMachineOptions(command).addHelpText('after', EXAMPLES);
  command.action(async (flags: Flags) => {
    if (flags.resume && flags.data === undefined) refuseChanges(command, 'search', CHANGEABLE);
    await run(flags);
  });
}

async function run(flags: Flags): Promise<void> {
  const out = flags.out ?? (flags.resume ? undefined : defaultFolder(flags));
  if (out === undefined) throw new UserError('--resume: name the folder of the search with --out DIR');
  const display = new SearchDisplay(out);
  const { threads, gpu, torch, cache: cacheDir, engine, device, workers, maxBad, checkpointEvery } = flags;
  const result = await interruptible(
    async (signal) => {
      const machine = { threads, gpu, torch, cacheDir, maxBad, checkpointEvery };
      const session = { out, ...machine, signal, onEvent: display.event };
      try {
        if (!flags.resume) return await startSearch(toRequest(flags), session);
        const changes = flags.data === undefined ? toPlan(flags) : toRequest(flags);
        return await resumeSearch(session, { ...changes, engine, device, workers });
      } finally {
        display.close();
      }
    },
    () => display.stopping(),
  );
  if (result.status === 'finished') return conclude(result, out);
  display.stopped();
  process.exitCode = INTERRUPTED;
}

function conclude(result: SearchResult, out: string): void {
  console.log(['', searchTable(result), '', ...searchConclusion(result, out), ''].join('\n'));
  console.log(`results: ${searchPaths(out).csv}`);
}

function toRequest(flags: Flags): SearchRequest {
  return { training: toRunRequest(flags), ...toPlan(flags) };
}

function toPlan({ lr, weightDecay, batch, seeds, trials }: Flags): Omit<SearchRequest, 'training'> {
  return { grid: { maxRate: lr, weightDecay, batchSize: batch }, seeds, trials };
}

function defaultFolder({ data = 'data', model }: Flags): string {
  return `searches/${dataFolderName(data)}-${model}`;
}
