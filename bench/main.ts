/**
 * `npm run bench`: what training, inference and corruptions cost, beside PyTorch where it is installed.
 *
 * Ours and the peers take turns within the same minutes, each alone for a second or more (turns.ts), and medians and
 * ratios turn by turn are printed with their spread. Quote the ratios; absolute figures belong to the machine.
 */
import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { createEngine } from '../src/engine/node/index.ts';
import { type Comparison, compare } from './compare.ts';
import {
  CPU_MODES,
  contendersAt,
  OUR_ENGINES,
  type OurSide,
  startOurs,
  startTorch,
  type TorchSide,
} from './contenders.ts';
import { benchCorrupt } from './corrupt.ts';
import { benchEvaluation } from './evaluation.ts';
import { benchLoader } from './loader.ts';
import { busyNote, describeMachine, load, machineLine } from './machine.ts';
import { benchMemory } from './memory.ts';
import { atImageNet, compileSeconds, resnet18, titleOf, type Workload } from './network.ts';
import type { Work } from './protocol.ts';
import { pythonWithTorch } from './python.ts';
import { formatSpread, spread } from './spread.ts';
import { formatComparisons } from './table.ts';

/** Sections, and how many rounds of turns each takes in five minutes. */
const SECTIONS = {
  training: 5,
  inference: 5,
  layer: 5,
  'imagenet-training': 3,
  'imagenet-inference': 3,
  compile: 5,
  memory: 1,
  corrupt: 5,
  loader: 5,
  evaluation: 3,
} as const;
type Section = keyof typeof SECTIONS;
const NAMES = Object.keys(SECTIONS) as Section[];

const IMAGENET = ['resnet50', 'efficientnet_b0'] as const;

const options = new Command('bench')
  .description('Measure training, inference, loading and corruptions, beside PyTorch where it is installed.')
  .option('--only <sections>', `comma-separated: ${NAMES.join(', ')}`, NAMES.join(','))
  .option('--seconds <n>', 'least length of a turn behind its first steps, which do not count', '1')
  .option('--rounds <n>', 'turns of everybody (default: 5, or 3 where steps are long)')
  .option('--threads <n>', 'threads of each side', '2')
  .option('--widths <list>', 'widths of ResNet-18', '64,16')
  .option('--batch <n>', "images of ImageNet's size a step", '16')
  .option('--python <path>', 'a Python with PyTorch (default: of PUSHPULL_TORCH, the active one, or python3)')
  .option('--python2 <path>', 'one more, such as an older PyTorch')
  .option('--bfloat16', 'measure it also where the processor is many times slower in it (no AVX-512)')
  .option('--cifar <data>', 'CIFAR-10 for the loader (default: made-up pixels)')
  .option('--json <file>', 'write all figures there')
  .parse()
  .opts<{
    only: string;
    seconds: string;
    rounds?: string;
    threads: string;
    widths: string;
    batch: string;
    python?: string;
    python2?: string;
    bfloat16?: boolean;
    cifar?: string;
    json?: string;
  }>();

const sections = options.only.split(',') as Section[];
const unknown = sections.filter((section) => !NAMES.includes(section));
if (unknown.length > 0) {
  console.error(`--only: expected some of ${NAMES.join(', ')}, found ${unknown.join(', ')}`);
  process.exit(2);
}
const [seconds, threads] = [Number(options.seconds), Number(options.threads)];
const roundsOf = (section: Section): number => Number(options.rounds ?? SECTIONS[section]);
const widths = options.widths.split(',').map(Number);

const machine = describeMachine();
const loadBefore = load();
const busy = busyNote(loadBefore);
if (busy) console.error(busy);

const bfloat16 = options.bfloat16 ?? machine.features?.['AVX-512'] ?? true;
if (!bfloat16) console.error('bfloat16 is left out: this processor has no AVX-512 (--bfloat16 measures it)');
const engines = OUR_ENGINES.filter(({ choice }) => bfloat16 || choice.precision !== 'bfloat16');
const modes = CPU_MODES.filter(({ mode }) => bfloat16 || mode.precision !== 'bfloat16');

const python = options.python ?? pythonWithTorch();
const comparisons: Comparison[] = [];
const ours: OurSide[] = [];
const peers: TorchSide[] = [];

/** Sides are started by the first who wants them, and sleep until the last is done. */
async function start(): Promise<void> {
  if (ours.length > 0) return;
  const missing = (why: string) => console.error(`left out: ${why}`);
  ours.push(...(await startOurs(engines, threads, missing)));
  if (!python) missing('PyTorch: no Python with torch was found; name one with --python');
  for (const path of [python, options.python2]) {
    if (!path) continue;
    try {
      peers.push(await startTorch(path, { device: 'cpu', threads }));
    } catch (error) {
      missing((error as Error).message);
    }
  }
}

async function section(name: Section, work: Work, workloads: readonly Workload[]): Promise<void> {
  await start();
  for (const workload of workloads) {
    const title = `${work === 'train' ? 'training' : 'inference'}, ${titleOf(workload)}`;
    add(
      await compare(title, work, contendersAt(workload, work, { ours, peers, modes }), turnsOf(name, title)),
    );
  }
}

const turnsOf = (name: Section, title: string) => ({
  seconds,
  rounds: roundsOf(name),
  onRound: (round: number) => console.error(`${title}: round ${round + 1} of ${roundsOf(name)}`),
});

function add(comparison: Comparison): void {
  comparisons.push(comparison);
  console.log(`\n${formatComparisons([comparison])}`);
}

/** What push-pull costs, on each engine. */
async function layer(): Promise<void> {
  await start();
  for (const width of widths) {
    for (const { label, side } of ours) {
      const title = `push-pull in a training step, ${label}, ${titleOf(resnet18(width))}`;
      const contenders = (['conv', 'pushpull'] as const).map((stem) => ({
        label: stem === 'conv' ? 'plain' : 'push-pull avg3',
        side,
        workload: resnet18(width, stem),
        reference: stem === 'conv',
        wanted: stem === 'conv' ? undefined : { plain: 1 / 1.05 },
      }));
      add(await compare(title, 'train', contenders, turnsOf('layer', title)));
    }
  }
}

async function compile(): Promise<void> {
  const engine = await createEngine({ device: 'cpu', threads });
  for (const model of ['resnet50', 'efficientnet_b0', 'resnet152']) {
    const times: number[] = [];
    for (let round = 0; round < roundsOf('compile'); round++) {
      times.push(await compileSeconds(engine, atImageNet(model, 32)));
    }
    console.log(`from network to training step, ${model}, 224×224: ${formatSpread(spread(times))} s`);
  }
  await engine.close();
}

const imagenet = IMAGENET.map((model) => atImageNet(model, Number(options.batch)));
const resnets = widths.map((width) => resnet18(width));
const WORK: Readonly<Record<Section, () => unknown>> = {
  training: () => section('training', 'train', resnets),
  inference: () => section('inference', 'infer', resnets),
  layer,
  'imagenet-training': () => section('imagenet-training', 'train', imagenet),
  'imagenet-inference': () => section('imagenet-inference', 'infer', imagenet),
  compile,
  memory: () => benchMemory(threads),
  corrupt: () => benchCorrupt(python ?? 'python3', roundsOf('corrupt')),
  loader: () =>
    benchLoader(python ?? 'python3', { rounds: roundsOf('loader'), seconds, cifar: options.cifar }, add),
  evaluation: () =>
    benchEvaluation({ engines, width: widths[0], threads, rounds: roundsOf('evaluation'), seconds }, add),
};
for (const name of sections) {
  try {
    await WORK[name]();
  } catch (error) {
    console.error(`${name} broke off: ${(error as Error).stack}`);
    process.exitCode = 1;
  }
}
for (const { side } of [...ours, ...peers]) side.stop();

const about = [
  `${threads} threads`,
  ...ours.slice(1, 2).map(({ side }) => `libtorch ${side.about.version}`),
  ...peers.map(
    ({ side: { about: a } }) => `PyTorch ${a.torch} (${a.device}, ${a.networks}, SGD by ${a.sgd})`,
  ),
];
console.log(`\n${machineLine(machine, about, [loadBefore, load()])}`);
if (busy) console.log(busy);
if (options.json) {
  const facts = {
    machine,
    threads,
    seconds,
    load: { before: loadBefore, after: load() },
    busy: busy !== undefined,
  };
  const torch = peers.map(({ side }) => side.about);
  const record = { schema: 'pushpull.bench/1', ...facts, torch, comparisons };
  await writeFile(options.json, `${JSON.stringify(record, null, 2)}\n`);
}
