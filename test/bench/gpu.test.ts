/** The scripts for a GPU, in their small form on the CPU. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Comparison } from '../../bench/compare.ts';
import { judge, type LossCheck } from '../../bench/gpu/losses.ts';
import { torchHere } from '../support/torch.ts';

interface Check {
  /** Of the PyTorch beside; absent where no Python has one. */
  readonly torch?: { readonly torch: string };
  readonly losses: readonly LossCheck[];
  readonly comparisons: readonly Comparison[];
}

interface Table1 {
  readonly calls: readonly { readonly status: string; readonly seeds: number }[];
}

describe.skipIf((await torchHere()) === undefined)('bench/gpu on the CPU', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pushpull-gpu-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const small = ['--device', 'cpu', '--small'];

  test('the check leaves losses and speeds', async () => {
    const out = join(folder, 'check');
    // Beside other tests two threads wait for each other more than they work.
    const turns = ['--rounds', '1', '--seconds', '0.05', '--threads', '1'];
    expect(await run('check.ts', '--out', out, ...small, ...turns)).toBe(0);
    const { torch, losses, comparisons } = JSON.parse(readFileSync(join(out, 'check.json'), 'utf8')) as Check;
    expect(losses.map(({ precision }) => precision)).toEqual(['float32', 'bfloat16']);
    for (const { ours, verdict } of losses) {
      expect(ours.every(Number.isFinite)).toBe(true);
      if (torch) expect(verdict?.follows).toBe(true);
    }
    const ours = ['pushpull float32', 'pushpull bfloat16'];
    const theirs = ['eager float32, default layout', 'eager float32', 'eager bfloat16'];
    expect(comparisons).toHaveLength(1);
    const [{ rows, leftOut }] = comparisons;
    expect(leftOut).toEqual([]);
    expect(rows.map(({ label }) => label)).toEqual(torch ? [...ours, ...theirs] : ours);
    expect(readFileSync(join(out, 'check.md'), 'utf8')).toContain('| pushpull bfloat16 |');
  });

  test('Table 1 is stopped by its time, and the same command goes on', async () => {
    const out = join(folder, 'table1');
    const command = ['--out', out, ...small, '--seeds', '1'];
    const calls = () =>
      (JSON.parse(readFileSync(join(out, 'table1.json'), 'utf8')) as Table1).calls.map(
        ({ status }) => status,
      );
    expect(await run('table1.ts', ...command, '--minutes', '0')).toBe(0);
    expect(calls()).toEqual(['stopped']);
    expect(await run('table1.ts', ...command)).toBe(0);
    expect(calls()).toEqual(['stopped', 'finished']);
    const table = readFileSync(join(out, 'experiment', 'tables', 'table-1.md'), 'utf8');
    expect(table).toMatch(/push-pull\savg5/);
  });
});

describe('losses', () => {
  const torch = [2, 1.5, 1, 0.8, 0.7, 0.6];
  const rest = { torch, torchOtherLayout: torch, torchOtherSeeds: [torch.map((loss) => loss + 0.2)] };

  test('follow where they differ less than seeds do', () => {
    const ours = torch.map((loss, step) => loss + 1e-5 * step);
    const verdict = judge('float32', { ...rest, ours });
    expect(verdict.overSeeds).toBeCloseTo(0.2 / Math.SQRT2, 12);
    expect(verdict.meanDifference).toBeCloseTo(2.5e-5, 12);
    expect(verdict.follows).toBe(true);
  });

  test('do not where float32 differs in the first steps, or a loss is no number', () => {
    const shifted = torch.map((loss) => loss + 0.01);
    expect(judge('float32', { ...rest, ours: shifted }).follows).toBe(false);
    expect(judge('bfloat16', { ...rest, ours: shifted }).follows).toBe(true);
    expect(judge('bfloat16', { ...rest, ours: [2, Number.NaN, 1, 1, 1, 1] }).follows).toBe(false);
  });
});

/** Exit status; what was printed shows where it fails. */
function run(script: string, ...words: string[]): Promise<number | null> {
  const path = fileURLToPath(new URL(`../../bench/gpu/${script}`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...words]);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk;
    });
  }
  return new Promise((resolve) =>
    child.on('close', (status) => {
      if (status !== 0) console.error(printed);
      resolve(status);
    }),
  );
}
