/** What numbers a training may be asked for with, looked at before any data is opened. */
import { checkLimits } from '../engine/limits.ts';
import { UserError } from '../errors.ts';
import type { TrainingRequest } from './request.ts';

type Rule = readonly [flag: string, value: unknown, expected: string, allows: (value: number) => boolean];

/** @throws UserError that names the option, what was expected and what was found */
export function checkRequest(request: TrainingRequest): void {
  const { width, epochs, batchSize, workers, reestimate, seed, limit } = request;
  checkLimits({ width, epochs, batchSize, workers, reestimate, seed });
  for (const images of typeof limit === 'object' ? [limit.train, limit.test] : [limit]) {
    checkLimits({ limit: images });
  }
  const above = (value: number) => value > 0;
  const share = (value: number) => value > 0 && value < 1;
  const { momentum } = request;
  const rules: readonly Rule[] = [
    ['--max-lr', request.maxRate, 'a number above 0', above],
    ['--weight-decay', request.weightDecay, 'a number above 0, or 0', (value) => value >= 0],
    ['--jsd', request.jsd, 'a number above 0', above],
    ['--validation', request.validation, 'a share between 0 and 1 such as 0.1', share],
    ['--fraction', request.fraction, 'a share between 0 and 1 such as 0.1', share],
    [
      '--momentum',
      momentum === 'cycle' ? undefined : momentum,
      'cycle or a number from 0 to below 1',
      (value) => value >= 0 && value < 1,
    ],
  ];
  for (const [flag, value, expected, allows] of rules) {
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value) && allows(value)))
      continue;
    const found = typeof value === 'string' ? JSON.stringify(value) : String(value);
    throw new UserError(`${flag}: expected ${expected}, found ${found}`);
  }
}
