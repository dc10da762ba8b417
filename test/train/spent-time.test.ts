import { expect, it } from 'vitest';
import { SpentTime } from '../../src/train/spent-time.ts';

it('reckons the rest from the means of steps and evaluations', () => {
  const spent = new SpentTime();
  spent.addStep(1);
  spent.addStep(3);
  expect(spent.remaining(10, 4)).toBe(20);
  spent.addEvaluation(5);
  spent.addEvaluation(7);
  expect(spent.remaining(10, 4)).toBe(44);
});
