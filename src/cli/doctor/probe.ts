/** Whether something computes, found out in a process of its own: a bad driver may print, hang or crash. */
import { spawn } from 'node:child_process';
import type { EngineOptions } from '../../engine/engine.ts';
import { createEngine } from '../../engine/node/index.ts';
import * as F from '../../graph/functional.ts';
import { Graph } from '../../graph/graph.ts';
import { float32, floats } from '../../graph/tensor.ts';

export type Verdict = 'good' | 'missing' | 'broken';

/** A line of what doctor prints. */
export interface Finding {
  readonly verdict: Verdict;
  readonly name: string;
  readonly text: string;
  readonly cure?: string;
}

/** What usually keeps a device from working, recognised in what its provider prints, and the cure. */
export interface Cause {
  readonly sign: RegExp;
  readonly text: string;
  readonly cure: string;
}

/** What a process of this program did. The status is null when it was killed. */
export interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** A device that takes longer for a tiny graph does not answer at all. */
const PROBE_SECONDS = 120;

/** How it went, in words and with a cure where the cause is known. */
export function judge({ status, output, errors }: Ended, causes: readonly Cause[]): Omit<Finding, 'name'> {
  if (status === 0 && output.trim() === '9') return { verdict: 'good', text: 'works' };
  const verdict = 'missing';
  if (status === 0) return { verdict, text: `computes wrongly: a sum of nine ones is ${output.trim()}` };
  if (status === null) return { verdict, text: `crashes, or does not answer within ${PROBE_SECONDS} s` };
  const cause = causes.find(({ sign }) => sign.test(errors));
  if (cause !== undefined) return { verdict, text: cause.text, cure: cause.cure };
  // Of a defect, the message and not the stack.
  const lines = errors
    .trim()
    .split('\n')
    .filter((line) => !/^\s+at /.test(line));
  const words = lines.at(-1)?.replace(/^error: /i, '');
  return { verdict, text: words || 'fails without a word' };
}

/**
 * What a look at something finds, and that the look itself fails: doctor is for machines on which anything may be broken.
 */
export async function safely(
  name: string,
  look: () => readonly Finding[] | Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    const [text] = (error instanceof Error ? error.message : String(error)).split('\n');
    return [{ verdict: 'missing', name, text: `cannot be looked at: ${text}` }];
  }
}

/** Run this program with other arguments. */
export function runSelf(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
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
    child.on('error', ({ message }) => resolve({ status: 1, output, errors: message }));
    child.on('close', (status) => resolve({ status, output, errors }));
  });
}

/** The sum of nine ones, by a convolution. */
export async function convolve(options: EngineOptions): Promise<number> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [1, 1, 3, 3]);
  const ones = F.constant(x, new Array<number>(9).fill(1), [1, 1, 3, 3]);
  const y = F.conv2d(x, ones, { stride: 1, padding: 0, dilation: 1, groups: 1 });
  const engine = await createEngine({ threads: 1, ...options });
  try {
    const session = await engine.loadGraph(new Map([['y', y]]), { name: 'probe' });
    const results = await session.run({ x: float32(new Float32Array(9).fill(1), [1, 1, 3, 3]) });
    return floats(results.y)[0];
  } finally {
    await engine.close();
  }
}
