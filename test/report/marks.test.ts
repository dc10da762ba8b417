import { describe, expect, it } from 'vitest';
import { legend, markOf, signOf } from '../../src/report/marks.ts';

describe('markOf', () => {
  it('calls better and worse what a test proves, and nothing else', () => {
    expect(markOf(-0.1, { difference: -0.1, p: 0.049 })).toBe('better');
    expect(markOf(-0.1, { difference: -0.1, p: 0.05 })).toBe('ahead');
    expect(markOf(-0.1)).toBe('ahead');
    expect(markOf(0.1, { difference: 0.1, p: 0.001 })).toBe('worse');
    expect(markOf(0.1, { difference: 0.1, p: 0.2 })).toBe('behind');
    expect(markOf(0, { difference: -1e-9, p: 0.001 })).toBe('same');
  });

  it('takes no proof from a test that points the other way, as mCE may against mrCE', () => {
    expect(markOf(-0.1, { difference: 0.2, p: 0.001 })).toBe('ahead');
    expect(markOf(0.1, { difference: -0.2, p: 0.001 })).toBe('behind');
  });
});

describe('legend', () => {
  it('explains the signs that were used', () => {
    expect(legend(['same', undefined])).toBeUndefined();
    expect(legend(['ahead'])).toBe('° better, untested.');
    expect(legend(['better', 'worse'], { how: 'p < .05' })).toBe(
      '* better than the baseline by more than chance; ‡ worse by more than chance. More than chance: p < .05.',
    );
    expect(legend(['better'], { bold: true })).toMatch(/^Bold: better/);
    expect(['better', 'ahead', 'same', 'behind', 'worse'].map((mark) => signOf(mark as 'better'))).toEqual([
      '*',
      '°',
      '',
      '',
      '‡',
    ]);
  });
});
