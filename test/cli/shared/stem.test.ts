import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  addStemOptions,
  askedStem,
  type StemFlags,
  toBatchNorm,
  toStem,
} from '../../../src/cli/shared/stem.ts';

const parse = (...words: string[]): StemFlags =>
  addStemOptions(new Command().exitOverride()).parse(words, { from: 'user' }).opts();

describe('the first layer on the command line', () => {
  it.each([
    [[], { kind: 'conv' }],
    [['--stem', 'pushpull'], { kind: 'pushpull', avg: 3, alpha: 'trainable' }],
    [['--stem', 'pushpull', '--avg', '0', '--alpha', '2'], { kind: 'pushpull', avg: 0, alpha: 2 }],
    [['--stem', 'pushpull2020'], { kind: 'pushpull2020', alpha: 1 }],
    [['--stem', 'pushpull2020', '--alpha', 'trainable'], { kind: 'pushpull2020', alpha: 'trainable' }],
  ])('%j', (words, stem) => {
    expect(toStem(parse(...words))).toEqual(stem);
  });

  it('is left to the weights when nothing is said', () => {
    expect(askedStem(parse())).toBeUndefined();
    expect(askedStem(parse('--stem', 'conv'))).toEqual({ kind: 'conv' });
  });

  it('leaves the batch norms as published, or changes one constant of them', () => {
    expect(toBatchNorm(parse())).toBeUndefined();
    expect(toBatchNorm(parse('--bn-momentum', '0.1'))).toEqual({ momentum: 0.1 });
    expect(toBatchNorm(parse('--bn-eps', '1e-5', '--bn-momentum', '0.1'))).toEqual({
      eps: 1e-5,
      momentum: 0.1,
    });
    expect(() => parse('--bn-momentum', '2')).toThrow(/--bn-momentum: expected a share between 0 and 1/);
  });

  it('has a bias as published, unless one is asked for or refused', () => {
    expect(parse().stemBias).toBeUndefined();
    expect(parse('--stem-bias').stemBias).toBe(true);
    expect(parse('--no-stem-bias').stemBias).toBe(false);
  });

  it.each([
    [['--avg', '3'], /--avg 3: only the first layer pushpull pools; add --stem pushpull/],
    [['--stem', 'pushpull2020', '--avg', '3'], /--avg 3: only the first layer pushpull pools/],
    [['--alpha', '1'], /--alpha 1: a plain convolution inhibits nothing/],
    [['--stem', 'pushpul'], /--stem: expected conv or pushpull or pushpull2020, found "pushpul"/],
    [['--antialias', 'blur'], /--antialias: expected none or blurconv1 or blurconv2, found "blur"/],
  ])('%j is refused', (words, message) => {
    expect(() => toStem(parse(...words))).toThrow(message);
  });
});
