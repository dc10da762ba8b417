import { expect, it } from 'vitest';
import type { RunConfig } from '../../src/run/config.ts';
import { checkSameRun, differingEntry } from '../../src/run/same-config.ts';
import { tinyConfig } from '../train/tiny-learner.ts';

const config = tinyConfig();

it.each<Partial<RunConfig>>([
  { engine: 'torch' },
  { device: 'cuda', workers: 3 },
  { precision: 'float32', tf32: false },
])('a run stays the same with %j', (changes) => {
  expect(differingEntry(config, { ...config, ...changes })).toBeUndefined();
  expect(differingEntry({ ...config, ...changes }, config)).toBeUndefined();
});

it('precision is part of what is computed', () => {
  expect(differingEntry(config, { ...config, engine: 'torch', precision: 'bfloat16' })).toEqual({
    entry: 'precision',
    stored: 'float32',
    asked: 'bfloat16',
  });
  expect(differingEntry({ ...config, tf32: true }, config)?.entry).toBe('tf32');
  expect(() => checkSameRun('runs/x', { ...config, precision: 'bfloat16' }, config)).toThrow(
    'runs/x: expected a run with precision "float32", found one with "bfloat16". ',
  );
});
