/**
 * What only a GPU can tell, in ten minutes: whether training there gives PyTorch's losses, and how fast it is.
 *
 *     npx tsx bench/gpu/check.ts --out check
 *     npx tsx bench/gpu/check.ts --out check --device cpu --small     tries the script itself
 *
 * Leaves check.json and check.md, written anew after each part, so that a stop loses the part at hand only.
 * Exit status 1 where losses do not follow or cannot be told.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import type { Comparison } from '../compare.ts';
import { startTorch, type TorchSide } from '../contenders.ts';
import { describeMachine, load, machineLine } from '../machine.ts';
import { pythonWithTorch } from '../python.ts';
import { formatComparisons } from '../table.ts';
import { CLOCKS } from '../turns.ts';
import { checkLosses, type LossCheck, lossLine } from './losses.ts';
import { measureSpeed } from './speed.ts';

const options = new Command('check')
  .requiredOption('--out <dir>', 'folder of check.json and check.md')
  .addOption(new Option('--device <name>').choices(['cuda', 'cpu']).default('cuda'))
  .option('--small', 'tiny networks and few steps: tries the script, measures nothing')
  .option('--python <path>', 'a Python with PyTorch (default: of PUSHPULL_TORCH, the active one, or python3)')
  .option('--minutes <n>', 'after which nothing more is begun', '9')
  .option('--rounds <n>', 'turns of everybody', '5')
  .option('--seconds <n>', 'least length of a turn behind its first steps', '1')
  .option('--batch <n>', 'images of a step of ResNet-50', '64')
  .option('--threads <n>', 'threads on the CPU')
  .parse()
  .opts<{
    out: string;
    device: 'cuda' | 'cpu';
    small?: boolean;
    python?: string;
    minutes: string;
    rounds: string;
    seconds: string;
    batch: string;
    threads?: string;
  }>();

const { out, device, small = false } = options;
const until = CLOCKS.now() + 60 * Number(options.minutes);
const threads = options.threads === undefined ? undefined : Number(options.threads);
const machine = describeMachine();
const loadBefore = load();
const notes: string[] = [];
let losses: LossCheck[] = [];
const comparisons: Comparison[] = [];

const peer = await findPeer();
const gpu = device === 'cuda' ? describeGpu() : undefined;
const handedOver = path.join(out, 'handed-over');
await mkdir(handedOver, { recursive: true });

losses = await checkLosses({ device, small, threads, folder: handedOver }, peer);
for (const check of losses) console.log(lossLine(check));
await save();
const [rounds, seconds, batch] = [options.rounds, options.seconds, options.batch].map(Number);
await measureSpeed({ device, small, threads, rounds, seconds, batch, until }, peer, async (comparison) => {
  comparisons.push(comparison);
  console.log(`\n${formatComparisons([comparison])}`);
  await save();
});
peer?.side.stop();
if (losses.some(({ error, verdict }) => error !== undefined || verdict?.follows === false))
  process.exitCode = 1;

async function findPeer(): Promise<TorchSide | undefined> {
  const python = options.python ?? pythonWithTorch();
  try {
    if (python === undefined) throw new Error('no Python with torch was found; name one with --python');
    return await startTorch(python, { device, threads });
  } catch (error) {
    notes.push(`without PyTorch beside it: ${(error as Error).message}`);
    console.error(notes.at(-1));
    return undefined;
  }
}

function describeGpu(): string {
  const facts = 'name,driver_version,memory.total,clocks.max.sm';
  try {
    const csv = execFileSync('nvidia-smi', [`--query-gpu=${facts}`, '--format=csv,noheader']);
    return csv.toString().trim();
  } catch (error) {
    return `unknown: ${(error as Error).message}`;
  }
}

async function save(): Promise<void> {
  const torch = peer?.side.about;
  const loads = { before: loadBefore, after: load() };
  const facts = { machine, gpu, device, small, torch, load: loads, notes };
  const record = { schema: 'pushpull.gpu-check/1', ...facts, losses, comparisons };
  await writeFile(path.join(out, 'check.json'), `${JSON.stringify(record, null, 1)}\n`);
  const about = [gpu ?? 'no GPU', ...(torch ? [`PyTorch ${torch.torch}, SGD by ${torch.sgd}`] : [])];
  const lines = [
    ...(small ? ['Tiny networks: this measures nothing.', ''] : []),
    ...losses.map((check) => `- ${lossLine(check)}`),
    ...comparisons.flatMap((comparison) => ['', formatComparisons([comparison])]),
    '',
    machineLine(machine, [...about, ...notes], [loads.before, loads.after]),
  ];
  await writeFile(path.join(out, 'check.md'), `${lines.join('\n')}\n`);
}
