import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.ts';
import { tinyModel } from '../../evaluate/tiny-model.ts';
import { inProcess, pushpull } from '../command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-engine-options-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Data that is nowhere: whoever looks for it complains of that. */
const NOWHERE = ['--data', '/nowhere'];

const COMMANDS = [
  ['train', []],
  ['search', []],
  ['experiment', ['table1-cifar10']],
  ['demo', []],
  ['evaluate', ['model.onnx']],
] as const;

describe.each(COMMANDS)('pushpull %s', (name, words) => {
  it.each([
    [
      ['--precision', 'bfloat16'],
      /^--precision bfloat16: expected --engine torch with it, found onnxruntime;/,
    ],
    [['--gpu', '1', '--device', 'cuda'], /^--gpu 1: expected --engine torch with it/],
    [['--tf32', '--device', 'cuda'], /^--tf32: expected --engine torch with it/],
    [['--torch', 'venv'], /^--torch venv: expected --engine torch with it/],
    [
      ['--engine', 'torch', '--device', 'webgpu'],
      /^--device webgpu: expected cpu or cuda with --engine torch/,
    ],
    [['--engine', 'torch', '--tf32'], /^--tf32: expected --device cuda with it, found cpu/],
    [['--engine', 'jax'], /^--engine: expected onnxruntime or torch, found "jax"$/],
    [['--precision', 'half'], /^--precision: expected float32 or bfloat16, found "half"$/],
    [['--gpu', '-1'], /^--gpu: expected a whole number from 0 to 1023, found "-1"$/],
  ])('refuses %j before any work', async (options, message) => {
    const out = join(folder, name);
    const failure = inProcess(name, ...words, ...NOWHERE, '--out', out, ...options);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({ name: 'UserError' });
    expect(existsSync(out)).toBe(false);
  });

  it('explains them alike', () => {
    const help = createProgram()
      .commands.find((command) => command.name() === name)!
      .helpInformation();
    for (const option of ['--engine', '--device', '--precision', '--gpu', '--tf32', '--torch', '--threads']) {
      expect(help).toContain(`  ${option} `);
    }
    expect(help).not.toContain('--no-tf32');
    expect(help).not.toContain('threads of ONNX Runtime');
  });
});

describe('an ONNX file', () => {
  it('is run by ONNX Runtime alone', async () => {
    const model = join(folder, 'tiny.onnx');
    writeFileSync(model, tinyModel());
    const failure = inProcess('evaluate', model, ...NOWHERE, '--engine', 'torch');
    await expect(failure).rejects.toThrow(
      `${model}: expected the folder of a run with --engine torch, found an ONNX file, which ONNX Runtime runs; ` +
        "leave --engine out, or give the run's folder",
    );
  });
});

it('ends with status 2 and one line', async () => {
  const { status, stderr } = await pushpull('train', ...NOWHERE, '--precision', 'bfloat16');
  expect(status).toBe(2);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

it('what goes on may change its engine; a search keeps its precision', async () => {
  const resume = (command: string, ...more: string[]) =>
    inProcess(command, '--resume', '--out', join(folder, 'none'), ...more);
  await expect(resume('train', '--precision', 'bfloat16', '--engine', 'torch')).rejects.toThrow(
    /none: expected the folder of a training run/,
  );
  await expect(resume('search', '--engine', 'torch')).rejects.toThrow(
    /none: expected the folder of a search/,
  );
  await expect(resume('search', '--precision', 'bfloat16')).rejects.toThrow(
    /^--precision: a resumed search keeps the settings it was started with/,
  );
});
