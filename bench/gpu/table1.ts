/**
 * Table 1 of the paper at full width on a GPU: ResNet-18 plain, avg3 and avg5, one seed after the other, as many as fit.
 *
 *     npx tsx bench/gpu/table1.ts --data cifar10-jpeg.tar.gz --out table1 --minutes 9
 *     npx tsx bench/gpu/table1.ts --out try --device cpu --small     tries the script itself
 *
 * It drives `pushpull experiment`. When the time is over it stops that cleanly; the same command goes on, also in
 * another session, on a copy of the folder. table1.json in it tells what is done; exit status 0 in both cases.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';

const options = new Command('table1')
  .requiredOption('--out <dir>', 'folder of the experiment; the same one goes on')
  .option('--data <data>', 'where CIFAR-10 is', 'cifar10')
  .option('--corrupted <set>', 'published corrupted images: cifar10-c:PATH')
  .addOption(new Option('--device <name>').choices(['cuda', 'cpu']).default('cuda'))
  .option('--precision <name>', 'float32 or bfloat16', 'float32')
  .option('--seeds <n>', 'seeds at most', '5')
  .option('--minutes <n>', 'after which it is stopped', '9')
  .option('--jobs <n>', 'runs side by side on the GPU', '1')
  .option('--small', 'tiny networks on digits: tries the script, measures nothing')
  .parse()
  .opts<{
    out: string;
    data: string;
    corrupted?: string;
    device: 'cuda' | 'cpu';
    precision: string;
    seeds: string;
    minutes: string;
    jobs: string;
    small?: boolean;
  }>();

/** What `pushpull` ends with when it was asked to stop. */
const INTERRUPTED = 130;
/** Seconds for a stop to save what is there. */
const GRACE = 60;
const SMALL = ['--data', 'mnist', '--scale', 'width=4,epochs=1,train=20,test=10'];

interface Call {
  readonly date: string;
  readonly seconds: number;
  /** Seeds that were asked for in it. */
  readonly seeds: number;
  readonly status: 'finished' | 'stopped' | 'failed';
}

const record = path.join(options.out, 'table1.json');
const deadline = Date.now() + 60_000 * Number(options.minutes);
let child: ChildProcess | undefined;
let stopped = false;
// The terminal sends Ctrl-C to both; whoever is not on a terminal sends it here alone.
process.on('SIGTERM', () => stop());
process.on('SIGINT', () => {
  stopped = true;
});

await mkdir(options.out, { recursive: true });
for (let seeds = 1; seeds <= Number(options.seeds) && !stopped; seeds++) {
  const start = Date.now();
  const status = await experiment(seeds);
  await note({ date: new Date(start).toISOString(), seconds: (Date.now() - start) / 1000, seeds, status });
  if (status === 'failed') process.exitCode = 1;
  if (status !== 'finished') break;
}

/** `pushpull experiment` with so many seeds; what earlier calls have done is kept. */
async function experiment(seeds: number): Promise<Call['status']> {
  const { data, corrupted, device, precision, jobs, small } = options;
  const args = [
    ...[
      'experiment',
      'table1-cifar10',
      '--out',
      path.join(options.out, 'experiment'),
      '--only',
      'resnet18-*',
    ],
    ...['--seeds', Array.from({ length: seeds }, (_, i) => i + 1).join(',')],
    ...['--engine', 'torch', '--device', device, '--precision', precision, '--jobs', jobs],
    ...(small ? SMALL : ['--data', data]),
    ...(corrupted === undefined ? [] : ['--corrupted', corrupted]),
  ];
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { stdio: 'inherit' });
  const timer = setTimeout(stop, deadline - Date.now());
  const code = await new Promise<number | null>((resolve) => child!.once('exit', resolve));
  clearTimeout(timer);
  if (code === 0) return 'finished';
  return code === INTERRUPTED || stopped ? 'stopped' : 'failed';
}

function stop(): void {
  stopped = true;
  child?.kill('SIGINT');
  setTimeout(() => child?.kill('SIGKILL'), 1000 * GRACE).unref();
}

async function note(call: Call): Promise<void> {
  const text = await readFile(record, 'utf8').catch(() => undefined);
  const calls = text === undefined ? [] : (JSON.parse(text) as { calls: Call[] }).calls;
  const { data, device, precision, small = false } = options;
  const now = {
    schema: 'pushpull.gpu-table1/1',
    data: small ? 'mnist' : data,
    device,
    precision,
    small,
    calls: [...calls, call],
  };
  await writeFile(record, `${JSON.stringify(now, null, 1)}\n`);
  console.log(`${call.seeds} seeds: ${call.status} after ${call.seconds.toFixed(0)} s`);
}
