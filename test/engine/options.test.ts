import { describe, expect, it } from 'vitest';
import { withBatchAdvice } from '../../src/engine/memory.ts';
import {
  checkEngineOptions,
  describeChoice,
  type EngineChoice,
  type EnginePlace,
  storedChoice,
} from '../../src/engine/options.ts';
import { OutOfMemoryError, UserError } from '../../src/errors.ts';

const BFLOAT16 = { precision: 'bfloat16' } as const;
const TORCH = { engine: 'torch' } as const;
const CUDA = { engine: 'torch', device: 'cuda' } as const;

describe('what is asked of an engine', () => {
  it.each<EngineChoice & EnginePlace>([
    {},
    { engine: 'onnxruntime', device: 'webgpu', threads: 2 },
    { device: 'cuda', precision: 'float32', tf32: false },
    { ...TORCH, ...BFLOAT16, torch: '/opt/libtorch' },
    { ...CUDA, ...BFLOAT16, gpu: 1, tf32: true },
  ])('goes together: %j', (asked) => {
    expect(() => checkEngineOptions(asked)).not.toThrow();
  });

  it.each<[EngineChoice & EnginePlace, string]>([
    [
      { ...TORCH, device: 'webgpu' },
      '--device webgpu: expected cpu or cuda with --engine torch; choose one of them, or leave --engine out',
    ],
    [
      BFLOAT16,
      '--precision bfloat16: expected --engine torch with it, found onnxruntime; add --engine torch, or give --precision float32',
    ],
    [
      { device: 'cuda', gpu: 0 },
      '--gpu 0: expected --engine torch with it, found onnxruntime; add --engine torch, or leave --gpu out',
    ],
    [
      { device: 'cuda', tf32: true },
      '--tf32: expected --engine torch with it, found onnxruntime; add --engine torch, or give --no-tf32',
    ],
    [
      { torch: 'venv' },
      '--torch venv: expected --engine torch with it, found onnxruntime; add --engine torch, or leave --torch out',
    ],
    [
      { ...TORCH, gpu: 1 },
      '--gpu 1: expected --device cuda with it, found cpu; add --device cuda, or leave --gpu out',
    ],
    [
      { ...TORCH, ...BFLOAT16, tf32: true },
      '--tf32: expected --device cuda with it, found cpu; add --device cuda, or give --no-tf32',
    ],
  ])('is refused in one line where it does not: %j', (asked, message) => {
    expect(() => checkEngineOptions(asked)).toThrow(UserError);
    expect(() => checkEngineOptions(asked)).toThrow(message);
  });

  it('is stored where it is not the usual', () => {
    expect(storedChoice({ engine: 'onnxruntime', precision: 'float32', tf32: false })).toEqual({});
    expect(storedChoice({ ...CUDA, ...BFLOAT16, tf32: true })).toEqual({ ...TORCH, ...BFLOAT16, tf32: true });
  });

  it('is told in words', () => {
    expect(describeChoice({})).toBe('cpu');
    expect(describeChoice({ engine: 'onnxruntime', device: 'webgpu', precision: 'float32' })).toBe('webgpu');
    expect(describeChoice({ ...CUDA, ...BFLOAT16, tf32: true })).toBe('torch on cuda, bfloat16, TF32');
  });
});

describe('where memory runs out', () => {
  const full = () => Promise.reject(new OutOfMemoryError('memory ran out in layer1.0.conv1'));

  it('half of the batch is what to try', async () => {
    const failure = withBatchAdvice({ batch: 65 }, full);
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(/^--batch 65: memory ran out in layer1.0.conv1; try --batch 32$/);
  });

  it('no smaller batch is named where there is none', async () => {
    await expect(withBatchAdvice({ batch: 1 }, full)).rejects.toThrow(/; there is no smaller batch: use a/);
    await expect(withBatchAdvice({ batch: 8, fixed: true }, full)).rejects.toThrow(
      /^memory ran out in layer1.0.conv1; the model takes batches of 8 only: export it with a free batch size/,
    );
  });

  it('other errors and answers pass', async () => {
    await expect(withBatchAdvice({ batch: 8 }, () => Promise.reject(new Error('x')))).rejects.toThrow(/^x$/);
    expect(await withBatchAdvice({ batch: 8 }, async () => 3)).toBe(3);
  });
});
