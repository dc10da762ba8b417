import { describe, expect, it } from 'vitest';
import { BENCHMARK_CORRUPTIONS } from '../../../src/corrupt/index.ts';
import { gridCells, parseCorruptions, parseSeverities } from '../../../src/evaluate/grid/grid.ts';

describe('parseCorruptions', () => {
  it('takes all as the 15 of the benchmark, and none as none', () => {
    expect(parseCorruptions('all')).toEqual(BENCHMARK_CORRUPTIONS);
    expect(parseCorruptions('none')).toEqual([]);
  });

  it('mixes groups and names, in the order of the benchmark and once each', () => {
    expect(parseCorruptions('fog, noise,shot_noise')).toEqual([
      'gaussian_noise',
      'shot_noise',
      'impulse_noise',
      'fog',
    ]);
    expect(parseCorruptions('all,extra')).toHaveLength(19);
  });

  it.each(['mist', '', 'toString', 'fog,'])('refuses "%s"', (text) => {
    expect(() => parseCorruptions(text)).toThrow(
      /--corruptions: expected all, none, a group .*gaussian_noise/,
    );
  });
});

describe('parseSeverities', () => {
  it('takes numbers and ranges', () => {
    expect(parseSeverities('all')).toEqual([1, 2, 3, 4, 5]);
    expect(parseSeverities('5, 1-2,2')).toEqual([1, 2, 5]);
  });

  it.each(['0', '6', '3-1', '', 'x', '1;2'])('refuses "%s"', (text) => {
    expect(() => parseSeverities(text)).toThrow(/--severities: expected all, or numbers and ranges/);
  });
});

it('measures a corruption at a time, mild to severe', () => {
  expect(gridCells(['fog', 'snow'], [1, 5])).toEqual([
    { corruption: 'fog', severity: 1 },
    { corruption: 'fog', severity: 5 },
    { corruption: 'snow', severity: 1 },
    { corruption: 'snow', severity: 5 },
  ]);
});
