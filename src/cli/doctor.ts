/** `pushpull doctor`: what this machine offers, and the cure for what is missing. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from 'node:os';
import { type Command, Option } from 'commander';
import pc from 'picocolors';
import { DEVICES, type Device } from '../engine/engine.ts';
import { createEngine } from '../engine/node/index.ts';
import * as F from '../graph/functional.ts';
import { Graph } from '../graph/graph.ts';
import { float32, floats } from '../graph/tensor.ts';
import { lowerGraph } from '../onnx/lower/index.ts';
import { encodeModel } from '../onnx/model.ts';
import { choice } from './shared/options.ts';

/** Oldest Node that the project is tested with. */
const NODE = [20, 9] as const;

/** A device that takes longer for a tiny graph does not answer at all. */
const PROBE_SECONDS = 120;

const EXAMPLES = `
Examples:
  $ pushpull doctor
  $ VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json pushpull doctor     WebGPU without a GPU

The exit status is 0 when training on the CPU works, 2 when it does not.
`;

type Verdict = 'good' | 'missing' | 'broken';

interface Finding {
  readonly verdict: Verdict;
  readonly name: string;
  readonly text: string;
  readonly cure?: string;
}

const MARKS: Readonly<Record<Verdict, string>> = {
  good: pc.green('✓'),
  missing: pc.yellow('–'),
  broken: pc.red('✗'),
};

/** What usually keeps a device from working, recognised in what its provider prints, and the cure; the last one fits all. */
const CAUSES: Readonly<Record<Device, readonly { sign: RegExp; text: string; cure: string }[]>> = {
  cpu: [
    {
      sign: /Cannot find (module|package)|NODE_MODULE|dlopen|GLIBC/,
      text: 'the native library of ONNX Runtime cannot be loaded',
      cure: 'Install again with: npm ci. It exists for Linux x64/arm64 (glibc), Windows x64/arm64 and macOS arm64.',
    },
  ],
  webgpu: [
    {
      sign: /libvulkan\.so\.1: cannot open/,
      text: 'the Vulkan loader is not installed',
      cure: 'Debian, Ubuntu: sudo apt install libvulkan1 mesa-vulkan-drivers',
    },
    {
      sign: /adapter/i,
      text: 'no graphics adapter was found',
      cure:
        'Install the graphics driver (Vulkan, Metal or Direct3D 12). Without a GPU, slowly: sudo apt install chromium libvulkan1, ' +
        'and set VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json and XDG_RUNTIME_DIR=/tmp',
    },
  ],
  cuda: [
    {
      sign: /load (shared )?library|expected the ONNX Runtime provider/i,
      text: 'the CUDA provider is not installed',
      cure: 'Linux x64 with an NVIDIA GPU, CUDA 12 and cuDNN 9: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node',
    },
    {
      sign: /CUDA/,
      text: 'no usable NVIDIA GPU was found',
      cure: 'Check that nvidia-smi lists the GPU and that the driver supports CUDA 12.',
    },
  ],
};

export function register(program: Command): void {
  program
    .command('doctor')
    .summary('show devices, threads and versions, and what is missing')
    .description(
      'Try every device with a small graph; show versions and threads, and the cure for what is missing.',
    )
    .addOption(
      new Option('--probe <device>', 'try one device').argParser(choice('--probe', DEVICES)).hideHelp(),
    )
    .addHelpText('after', EXAMPLES)
    .action(async ({ probe }: { probe?: Device }) => {
      if (probe === undefined) await examine();
      else console.log(await convolve(probe));
    });
}

async function examine(): Promise<void> {
  const findings = [...(await versions()), ...(await Promise.all(DEVICES.map(tryDevice)))];
  for (const { verdict, name, text, cure } of findings) {
    console.log(`${MARKS[verdict]} ${name.padEnd(15)}${text}`);
    if (cure !== undefined) console.log(pc.dim(`${' '.repeat(17)}${cure}`));
  }
  const broken = findings.filter(({ verdict }) => verdict === 'broken');
  if (broken.length === 0) {
    console.log(`\nReady. Try: ${pc.bold('pushpull demo')}`);
  } else {
    console.log(`\n${pc.red('Not ready:')} mend ${broken.map(({ name }) => name).join(', ')} first.`);
    process.exitCode = 2;
  }
}

async function versions(): Promise<Finding[]> {
  // Loads the native library, which no other command needs on this thread.
  const { listProviders, runtimeVersion } = await import('../engine/node/onnx/runtime.ts');
  const require = createRequire(import.meta.url);
  const own = (require('../../package.json') as { version: string }).version;
  const [major, minor] = process.versions.node.split('.').map(Number);
  const recent = major > NODE[0] || (major === NODE[0] && minor >= NODE[1]);
  const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`;
  return [
    { verdict: 'good', name: 'pushpull', text: own },
    {
      verdict: recent ? 'good' : 'broken',
      name: 'node',
      text: `${process.versions.node} on ${platform()} ${release()} ${arch()}`,
      cure: recent ? undefined : `Install Node ${NODE.join('.')} or later from https://nodejs.org.`,
    },
    {
      verdict: 'good',
      name: 'onnxruntime',
      text: `${runtimeVersion()}, knows the providers ${listProviders().join(', ')}`,
    },
    {
      verdict: 'good',
      name: 'processor',
      text: `${cpus()[0]?.model.trim() || 'unknown'}, ${availableParallelism()} threads used`,
    },
    { verdict: 'good', name: 'memory', text: `${gigabytes(freemem())} free of ${gigabytes(totalmem())}` },
  ];
}

/** Whether a device computes, found out in a process of its own: a bad driver may print, hang or crash. */
async function tryDevice(device: Device): Promise<Finding> {
  const name = `device ${device}`;
  const { status, output, errors } = await runSelf(['doctor', '--probe', device]);
  if (status === 0 && output.trim() === '9') return { verdict: 'good', name, text: 'works' };
  // Everything works without a GPU, so only the CPU is needed.
  const verdict: Verdict = device === 'cpu' ? 'broken' : 'missing';
  if (status === 0)
    return { verdict, name, text: `computes wrongly: a sum of nine ones is ${output.trim()}` };
  if (status === null)
    return { verdict, name, text: `crashes, or does not answer within ${PROBE_SECONDS} s` };
  const cause = CAUSES[device].find(({ sign }) => sign.test(errors));
  if (cause !== undefined) return { verdict, name, text: cause.text, cure: cause.cure };
  return { verdict, name, text: errors.trim().split('\n').at(-1) ?? 'fails without a word' };
}

/** Run this program with other arguments. The status is null when it was killed. */
function runSelf(args: string[]): Promise<{ status: number | null; output: string; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...args], {
      timeout: PROBE_SECONDS * 1000,
      killSignal: 'SIGKILL',
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output, errors }));
  });
}

/** The sum of nine ones, by a convolution on the device. */
async function convolve(device: Device): Promise<number> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [1, 1, 3, 3]);
  const ones = F.constant(x, new Array<number>(9).fill(1), [1, 1, 3, 3]);
  const y = F.conv2d(x, ones, { stride: 1, padding: 0, dilation: 1, groups: 1 });
  const bytes = encodeModel(lowerGraph(new Map([['y', y]]), { target: { device }, name: 'probe' }));
  const engine = await createEngine({ device, threads: 1 });
  try {
    const session = await engine.loadModel(bytes);
    const results = await session.run({ x: float32(new Float32Array(9).fill(1), [1, 1, 3, 3]) });
    return floats(results.y)[0];
  } finally {
    await engine.close();
  }
}
