/**
 * `npm run bench`: what training, inference and corruptions cost, beside PyTorch where it is installed.
 *
 * Ours and the peer's runs alternate within the same minutes and medians are compared, so that a busy
 * machine hurts both alike. Quote the ratios; absolute figures belong to the machine they were taken on.
 */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { benchCorrupt } from './corrupt.ts';
import { cpuEngine, inference, type Stem, type Timed, trainingStep } from './network.ts';
import { type PeerRequest, TorchPeer } from './peer.ts';

const SECTIONS = ['training', 'inference', 'overhead', 'memory', 'corrupt'] as const;
type Section = (typeof SECTIONS)[number];

const BATCH = 64;
const WIDTHS = [64, 16] as const;

const options = new Command('bench')
  .description('Measure training, inference and corruptions, beside PyTorch where it is installed.')
  .option('--only <sections>', `comma-separated: ${SECTIONS.join(', ')}`, SECTIONS.join(','))
  .option('--rounds <n>', 'alternating rounds a figure', '7')
  .option('--threads <n>', 'threads of each side', '2')
  .option('--python <path>', 'a Python with PyTorch', 'python3')
  .parse()
  .opts<{ only: string; rounds: string; threads: string; python: string }>();

const sections = new Set(options.only.split(','));
const unknown = [...sections].filter((section) => !SECTIONS.includes(section as Section));
if (unknown.length > 0) {
  console.error(`--only: expected some of ${SECTIONS.join(', ')}, found ${unknown.join(', ')}`);
  process.exit(2);
}
const rounds = Number(options.rounds);
const threads = Number(options.threads);

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Medians of things timed in turn, A B A B …, after one uncounted round. */
async function alternate(things: readonly (() => Promise<number>)[]): Promise<number[]> {
  const times: number[][] = things.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, run] of things.entries()) {
      const seconds = await run();
      if (round > 0) times[i].push(seconds);
    }
  }
  return times.map(median);
}

const perSecond = (seconds: number): string => (BATCH / seconds).toFixed(BATCH / seconds < 100 ? 1 : 0);

function print(label: string, ours: number, peer: number | undefined, bar: number): void {
  const theirs = peer === undefined ? '' : `PyTorch ${perSecond(peer).padStart(6)}`;
  const ratio = peer === undefined ? '' : `${(peer / ours).toFixed(2)} × (wanted ${bar})`;
  console.log(`${label.padEnd(34)} ${perSecond(ours).padStart(6)} images/s   ${theirs}   ${ratio}`);
}

const peer = await TorchPeer.start(options.python, threads);
const ask = async (request: Omit<PeerRequest, 'batch' | 'steps'>): Promise<number> =>
  median((await peer!.ask({ ...request, batch: BATCH, steps: 1 })).seconds);

console.log(
  `${cpus()[0].model}, ${cpus().length} cores, ${threads} threads, load ${loadavg()[0].toFixed(1)}`,
);
console.log(
  `peer: ${peer ? `PyTorch ${peer.version}` : `none (${options.python} has no torch; name one with --python)`}`,
);
const engine = await cpuEngine(threads);

async function compare(kind: 'train' | 'infer', width: number, bar: number): Promise<void> {
  const make = kind === 'train' ? trainingStep : inference;
  const ours = await make(engine, width, BATCH, 'conv');
  const things = [ours.run, ...(peer ? [() => ask({ kind, width, stem: 'conv' })] : [])];
  const [mine, theirs] = await alternate(things);
  print(`${kind === 'train' ? 'training' : 'inference'}, width ${width}`, mine, theirs, bar);
  await ours.close();
}

if (sections.has('training')) {
  for (const [i, width] of WIDTHS.entries()) await compare('train', width, [0.65, 0.5][i]);
}
if (sections.has('inference')) {
  for (const width of WIDTHS) await compare('infer', width, 1.05);
}
if (sections.has('overhead')) {
  const both: Timed[] = [];
  for (const stem of ['conv', 'pushpull'] satisfies Stem[])
    both.push(await trainingStep(engine, 64, BATCH, stem));
  const [plain, pushpull] = await alternate(both.map(({ run }) => run));
  const cost = 100 * (pushpull / plain - 1);
  console.log(`push-pull avg3 in a training step, width 64: ${cost.toFixed(1)} % (wanted at most 5 %)`);
  for (const { close } of both) await close();
  for (const width of WIDTHS) {
    const step = await trainingStep(engine, width, BATCH, 'conv');
    await step.run();
    const before = await engine.runSeconds();
    let whole = 0;
    for (let round = 0; round < rounds; round++) whole += await step.run();
    const inside = (await engine.runSeconds()) - before;
    const share = (100 * (1 - inside / whole)).toFixed(1);
    console.log(`JavaScript and messages around a step, width ${width}: ${share} % (wanted at most 5 %)`);
    await step.close();
  }
}
if (sections.has('memory')) {
  const script = fileURLToPath(new URL('./peak-memory.ts', import.meta.url));
  const peak = execFileSync(
    process.execPath,
    ['--import', 'tsx', script, '64', String(BATCH), String(threads)],
    {
      encoding: 'utf8',
    },
  );
  console.log(`peak memory of training, width 64, batch ${BATCH}: ${peak.trim()} MB (wanted below 2048)`);
}
await engine.close();
peer?.stop();
if (sections.has('corrupt')) benchCorrupt();
