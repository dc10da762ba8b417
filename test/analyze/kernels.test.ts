import { describe, expect, it } from 'vitest';
import { pullKernels, readKernels, summarizeAlpha } from '../../src/analyze/kernels.ts';
import { UserError } from '../../src/errors.ts';
import { float32 } from '../../src/graph/tensor.ts';

describe('pullKernels', () => {
  it('mirrors each filter about the middle of its own range', () => {
    // Filter 0 spans [-1, 3], so w_pull = 2 - w; filter 1 spans [0.5, 1], so w_pull = 1.5 - w.
    const push = Float32Array.of(-1, 0, 2, 3, 1, 0.5, 0.75, 1);
    expect([...pullKernels(push, 2)]).toEqual([3, 2, 0, -1, 0.5, 1, 0.75, 0.5]);
  });

  it('takes the extremes over all input channels of a filter, not channel by channel', () => {
    const weights = new Map([['conv1.weight', float32([0, 1, 4, 5], [1, 2, 1, 2])]]);
    expect([...readKernels(weights, 'w').pull]).toEqual([5, 4, 1, 0]);
  });
});

describe('readKernels', () => {
  const weight = float32([1, 2, 3, 4], [2, 1, 1, 2]);

  it('returns shape, push, pull and alpha', () => {
    const kernels = readKernels(
      new Map([
        ['conv1.weight', weight],
        ['conv1.alpha', float32([0.5, -1], [2])],
      ]),
      'w',
    );
    expect(kernels.shape).toEqual([2, 1, 1, 2]);
    expect([...kernels.push]).toEqual([1, 2, 3, 4]);
    expect([...kernels.alpha!]).toEqual([0.5, -1]);
  });

  it('has no alpha where the weights hold none', () => {
    expect(readKernels(new Map([['conv1.weight', weight]]), 'w').alpha).toBeUndefined();
  });

  it('says which file lacks which tensor', () => {
    expect(() => readKernels(new Map(), 'run/weights.safetensors')).toThrow(UserError);
    expect(() => readKernels(new Map(), 'run/weights.safetensors')).toThrow(
      /run\/weights\.safetensors.*conv1\.weight.*no tensor of that name/,
    );
    const flat = new Map([['conv1.weight', float32([1], [1])]]);
    expect(() => readKernels(flat, 'w')).toThrow(/found the shape \[1\]/);
  });
});

describe('summarizeAlpha', () => {
  it('counts filters whose sign turned', () => {
    expect(summarizeAlpha(Float32Array.of(-0.5, 0, 1, 1.5))).toEqual({
      filters: 4,
      mean: 0.5,
      min: -0.5,
      max: 1.5,
      negative: 1,
    });
  });
});
