/** `pushpull doctor`: what this machine offers, and the cure for what is missing. */
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from 'node:os';
import type { Command } from 'commander';
import pc from 'picocolors';
import { DEVICES, type Device } from '../engine/engine.ts';
import { createEngine } from '../engine/node/index.ts';
import { listProviders, runtimeVersion } from '../engine/node/runtime.ts';
import { UserError } from '../errors.ts';
import * as F from '../graph/functional.ts';
import { Graph } from '../graph/graph.ts';
import { float32, floats } from '../graph/tensor.ts';
import { lowerGraph } from '../onnx/lower/index.ts';
import { encodeModel } from '../onnx/model.ts';

/** Oldest Node that the project is tested with. */
const NODE = [20, 9] as const;

/** A device that takes longer for a tiny graph does not answer at all. */
const PROBE_SECONDS = 30;

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

export function register(program: Command): void {
  program
    .command('doctor')
    .summary('show devices, threads and versions, and what is missing')
    .description(
      'Try every device with a small graph; show versions and threads, and the cure for what is missing.',
    )
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const findings = [...versions()];
      for (const device of DEVICES) findings.push(await probe(device));
      for (const { verdict, name, text, cure } of findings) {
        console.log(`${MARKS[verdict]} ${name.padEnd(14)}${text}`);
        if (cure !== undefined) console.log(pc.dim(`${' '.repeat(16)}${cure}`));
      }
      const broken = findings.filter(({ verdict }) => verdict === 'broken');
      console.log(
        broken.length === 0
          ? `\nReady. Try: ${pc.bold('pushpull demo')}`
          : `\n${pc.red('Not ready:')} mend ${broken.map(({ name }) => name).join(', ')} first.`,
      );
      if (broken.length > 0) process.exitCode = 2;
    });
}

function versions(): Finding[] {
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
      text: `${runtimeVersion()}, providers ${listProviders().join(', ')}`,
    },
    {
      verdict: 'good',
      name: 'processor',
      text: `${cpus()[0]?.model.trim() || 'unknown'}, ${availableParallelism()} threads used`,
    },
    { verdict: 'good', name: 'memory', text: `${gigabytes(freemem())} free of ${gigabytes(totalmem())}` },
  ];
}

/** Run a convolution on a device and compare it with the sum it must give. */
async function probe(device: Device): Promise<Finding> {
  // Everything works without a GPU, so only the CPU is needed.
  const verdict: Verdict = device === 'cpu' ? 'broken' : 'missing';
  const name = `device ${device}`;
  const begin = performance.now();
  try {
    const value = await withTimeout(convolve(device), `no answer within ${PROBE_SECONDS} s`);
    if (value !== 9)
      return { verdict: 'broken', name, text: `computes wrongly: a sum of nine ones is ${value}` };
    return {
      verdict: 'good',
      name,
      text: `works (first graph after ${(performance.now() - begin).toFixed(0)} ms)`,
    };
  } catch (error) {
    const message = (error as Error).message.replaceAll(/\s+/g, ' ');
    if (!(error instanceof UserError)) return { verdict, name, text: message };
    // The message says what is wrong, then what to do.
    const end = message.search(/(?<=\.) [A-Z]/);
    const text = (end < 0 ? message : message.slice(0, end)).replace(`--device ${device}: `, '');
    return { verdict, name, text, cure: end < 0 ? undefined : message.slice(end + 1) };
  }
}

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

async function withTimeout<T>(work: Promise<T>, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), PROBE_SECONDS * 1000);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
