import { describe, expect, it } from 'vitest';
import { describeScale, type Extent, parseScale, scaled, scaleWord } from '../../src/experiment/scale.ts';

const PAPER: Extent = { width: 64, epochs: 30, train: 50_000, test: 10_000 };
const by = (text: string, full = PAPER) => scaled(full, parseScale(text), 10);

describe('a scale', () => {
  it('is a factor, rounded to the nearest and kept above the least', () => {
    expect(by('0.1')).toEqual({ width: 6, epochs: 3, train: 5000, test: 1000 });
    // 0.05: width 3.2 is below 4; 1.5 epochs are rounded up.
    expect(by('0.05')).toEqual({ width: 4, epochs: 2, train: 2500, test: 500 });
    expect(by('1e-9')).toEqual({ width: 4, epochs: 1, train: 10, test: 10 });
    expect(by('1')).toEqual(PAPER);
    expect(by('0.5', { ...PAPER, width: 2 }).width).toBe(2);
  });

  it('or largest values, of all or of some', () => {
    expect(by('width=8,epochs=6')).toEqual({ ...PAPER, width: 8, epochs: 6 });
    expect(by('test=100, train=64, width=128')).toEqual({ ...PAPER, train: 64, test: 100 });
  });

  it.each(['0', '-1', '1.5', '', 'x', 'width', 'width=0', 'width=8,width=9', 'depth=3', 'epochs=2.5'])(
    'and not "%s"',
    (text) => expect(() => parseScale(text)).toThrow(/^--scale: expected a factor/),
  );

  it('is written as it was given', () => {
    expect(['0.1', 'width=8,epochs=6,test=100'].map((text) => scaleWord(parseScale(text)))).toEqual([
      '0.1',
      'width=8,epochs=6,test=100',
    ]);
  });

  it('is told in words, each change once', () => {
    const extents = [PAPER, { ...PAPER, width: 32 }].map((full) => ({
      full,
      scaled: by('width=8,train=5000,epochs=1', full),
    }));
    expect(describeScale(extents)).toBe(
      'width 8 instead of 64, width 8 instead of 32, 1 epoch instead of 30, 5,000 training images instead of 50,000',
    );
    expect(describeScale([{ full: PAPER, scaled: PAPER }])).toBeUndefined();
  });
});
