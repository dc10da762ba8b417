import { expectDType, expectShape } from './shapes.ts';
import type { OpTable } from './spec.ts';

export const optimizer: Pick<OpTable, 'sgd'> = {
  sgd: {
    arity: 5,
    infer: ([parameter, gradient, velocity, learningRate, momentum]) => {
      for (const [value, what] of [
        [gradient, 'gradient'],
        [velocity, 'velocity'],
      ] as const) {
        expectDType(value, 'float32', what);
        expectShape(value, parameter.shape, what);
      }
      expectShape(learningRate, [], 'learning rate');
      expectShape(momentum, [], 'momentum');
      return [parameter, velocity];
    },
    gradient: () => {
      throw new Error('a step of the optimiser is not differentiated');
    },
  },
};
