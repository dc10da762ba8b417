/**
 * `npm run bench`: what training, inference and corruptions cost, beside PyTorch where it is installed.
 *
 * Ours and the peer's runs alternate within the same minutes and medians are compared, so that a busy
 * machine hurts both alike. Quote the ratios; absolute figures belong to the machine they were taken on.
 */
import { cpus, loadavg } from 'node:os';
import { Command } from 'commander';
import { benchCorrupt } from './corrupt.ts';
import { benchEvaluation } from './evaluation.ts';
import { benchLoader } from './loader.ts';
import { benchMemory } from './memory.ts';
import {
  atImageNet,
  compileSeconds,
  cpuEngine,
  inference,
  resnet18,
  type Subject,
  type Timed,
  trainingStep,
} from './network.ts';
import { type PeerAnswer, type PeerRequest, PythonPeer } from './peer.ts';

const SECTIONS = [
  'training',
  'inference',
  'imagenet',
  'overhead',
  'compile',
  'memory',
  'corrupt',
  'loader',
  'evaluation',
] as const;
type Section = (typeof SECTIONS)[number];

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

function print(label: string, batch: number, ours: number, peer: number | undefined, bar?: number): void {
  const rate = (seconds: number): string =>
    (batch / seconds).toFixed(batch / seconds < 100 ? 1 : 0).padStart(6);
  const theirs = peer === undefined ? '' : `PyTorch ${rate(peer)}`;
  const wanted = bar === undefined ? '' : ` (wanted ${bar})`;
  const ratio = peer === undefined ? '' : `${(peer / ours).toFixed(2)} ×${wanted}`;
  console.log(`${label.padEnd(40)} ${rate(ours)} images/s   ${theirs}   ${ratio}`);
}

const peer = await PythonPeer.start<{ torch: string }>(
  options.python,
  'torch_peer.py',
  '--threads',
  String(threads),
);
const ask = async (request: Omit<PeerRequest, 'steps'>): Promise<number> =>
  median((await peer!.ask<PeerAnswer>({ ...request, steps: 1 })).seconds);

console.log(
  `${cpus()[0].model}, ${cpus().length} cores, ${threads} threads, load ${loadavg()[0].toFixed(1)}`,
);
console.log(
  `peer: ${peer ? `PyTorch ${peer.about.torch}` : `none (${options.python} has no torch; name one with --python)`}`,
);
const engine = await cpuEngine(threads);

async function compare(kind: 'train' | 'infer', subject: Subject, bar?: number): Promise<void> {
  const make = kind === 'train' ? trainingStep : inference;
  const ours = await make(engine, subject);
  const things = [ours.run, ...(peer ? [() => ask({ kind, ...subject })] : [])];
  const [mine, theirs] = await alternate(things);
  const { model, width, size, batch } = subject;
  const what = kind === 'train' ? 'training' : 'inference';
  print(`${what}, ${model}, width ${width}, ${size}×${size}`, batch, mine, theirs, bar);
  await ours.close();
}

if (sections.has('training')) {
  for (const [i, width] of WIDTHS.entries()) await compare('train', resnet18(width), [0.65, 0.5][i]);
}
if (sections.has('inference')) {
  for (const width of WIDTHS) await compare('infer', resnet18(width), 1.05);
}
if (sections.has('imagenet')) {
  for (const model of ['resnet50', 'efficientnet_b0']) {
    for (const kind of ['infer', 'train'] as const) await compare(kind, atImageNet(model, 16));
  }
}
if (sections.has('overhead')) {
  const both: Timed[] = [];
  for (const stem of ['conv', 'pushpull'] as const) both.push(await trainingStep(engine, resnet18(64, stem)));
  const [plain, pushpull] = await alternate(both.map(({ run }) => run));
  const cost = 100 * (pushpull / plain - 1);
  console.log(`push-pull avg3 in a training step, width 64: ${cost.toFixed(1)} % (wanted at most 5 %)`);
  for (const { close } of both) await close();
  for (const width of WIDTHS) {
    const step = await trainingStep(engine, resnet18(width));
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
if (sections.has('compile')) {
  for (const [i, model] of ['resnet50', 'efficientnet_b0', 'resnet152'].entries()) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++)
      times.push(await compileSeconds(engine, atImageNet(model, 32)));
    const wanted = i === 2 ? ' (wanted below 10)' : '';
    console.log(`from network to training step, ${model}, 224×224: ${median(times).toFixed(2)} s${wanted}`);
  }
}
if (sections.has('memory')) benchMemory(threads);
await engine.close();
peer?.stop();
if (sections.has('corrupt')) await benchCorrupt(options.python, rounds);
if (sections.has('loader')) await benchLoader(options.python, rounds);
if (sections.has('evaluation')) await benchEvaluation(threads, rounds);
