/** `pushpull doctor`: what this machine offers, and the cure for what is missing. */
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from 'node:os';
import { type Command, Option } from 'commander';
import pc from 'picocolors';
import { DEVICES, type Device, ENGINES, type EngineName } from '../../engine/engine.ts';
import { decimals, plural } from '../../words.ts';
import { choice, integer } from '../shared/options.ts';
import { DEVICE_CAUSES } from './device.ts';
import { examineInstallation, providers } from './installation.ts';
import { convolve, type Finding, judge, runSelf, safely, type Verdict } from './probe.ts';
import { examineTorch } from './torch.ts';

/** Oldest Node that the project is tested with. */
const NODE = [20, 9] as const;

const EXAMPLES = `
Examples:
  $ pushpull doctor
  $ pushpull doctor --torch ~/venv      whether the PyTorch there can be used with --engine torch
  $ VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json pushpull doctor     WebGPU without a GPU

The exit status is 0 when training on the CPU works, 2 when it does not or when what --torch names cannot be used.
`;

const MARKS: Readonly<Record<Verdict, string>> = {
  good: pc.green('✓'),
  missing: pc.yellow('–'),
  broken: pc.red('✗'),
};

export function register(program: Command): void {
  program
    .command('doctor')
    .summary('show devices, threads and versions, and what is missing')
    .description(
      'Try every device with a small graph; show versions and threads, and the cure for what is missing.',
    )
    .option(
      '--torch <path>',
      'a Python environment with PyTorch, or an unpacked libtorch (default: PUSHPULL_TORCH, else it is looked for)',
    )
    .addOption(
      new Option('--probe <device>', 'try one device').argParser(choice('--probe', DEVICES)).hideHelp(),
    )
    .addOption(
      new Option('--engine <name>', 'what to try it with').argParser(choice('--engine', ENGINES)).hideHelp(),
    )
    .addOption(new Option('--gpu <number>', 'which GPU to try').argParser(integer('--gpu', 0)).hideHelp())
    .addOption(new Option('--providers', "print ONNX Runtime's providers").hideHelp())
    .addHelpText('after', EXAMPLES)
    .action(async ({ probe, engine, torch, gpu, providers: list }: Flags) => {
      if (list) console.log(await providers());
      else if (probe === undefined) await examine(torch);
      else console.log(await convolve({ engine, device: probe, torch, gpu }));
    });
}

interface Flags {
  readonly torch?: string;
  readonly probe?: Device;
  readonly gpu?: number;
  readonly engine?: EngineName;
  readonly providers?: boolean;
}

async function examine(torch: string | undefined): Promise<void> {
  const findings = [
    ...(await safely('versions', versions)),
    ...(await examineInstallation()),
    ...(await safely('machine', machine)),
    ...(
      await Promise.all([
        ...DEVICES.map((device) => safely(`device ${device}`, async () => [await tryDevice(device)])),
        safely('torch', () => examineTorch({ path: torch })),
      ])
    ).flat(),
  ];
  for (const { verdict, name, text, cure } of findings) {
    console.log(`${MARKS[verdict]} ${name.padEnd(15)}${text}`);
    if (cure !== undefined) console.log(pc.dim(`${' '.repeat(17)}${cure}`));
  }
  const broken = findings.filter(({ verdict }) => verdict === 'broken');
  if (broken.length === 0) {
    const reads = findings.every(({ name, verdict }) => name !== 'pictures' || verdict === 'good');
    console.log(
      reads ? `\nReady. Try: ${pc.bold('pushpull demo')}` : '\nReady for cifar10, mnist and npy: alone.',
    );
  } else {
    console.log(`\n${pc.red('Not ready:')} mend ${broken.map(({ name }) => name).join(', ')} first.`);
    process.exitCode = 2;
  }
}

function versions(): Finding[] {
  const require = createRequire(import.meta.url);
  const own = (require('../../../package.json') as { version: string }).version;
  const [major, minor] = process.versions.node.split('.').map(Number);
  const recent = major > NODE[0] || (major === NODE[0] && minor >= NODE[1]);
  return [
    { verdict: 'good', name: 'pushpull', text: own },
    {
      verdict: recent ? 'good' : 'broken',
      name: 'node',
      text: `${process.versions.node} on ${platform()} ${release()} ${arch()}`,
      cure: recent ? undefined : `Install Node ${NODE.join('.')} or later from https://nodejs.org.`,
    },
  ];
}

function machine(): Finding[] {
  const gigabytes = (bytes: number): string => `${decimals(bytes / 2 ** 30, 1)} GB`;
  return [
    {
      verdict: 'good',
      name: 'processor',
      text: `${cpus()[0]?.model.trim() || 'unknown'}, ${plural(availableParallelism(), 'thread')} used`,
    },
    { verdict: 'good', name: 'memory', text: `${gigabytes(freemem())} free of ${gigabytes(totalmem())}` },
  ];
}

async function tryDevice(device: Device): Promise<Finding> {
  const finding = judge(await runSelf(['doctor', '--probe', device]), DEVICE_CAUSES[device]);
  // Everything works without a GPU, so only the CPU is needed.
  const verdict = finding.verdict !== 'good' && device === 'cpu' ? 'broken' : finding.verdict;
  return { ...finding, verdict, name: `device ${device}` };
}
