import { product } from './elementwise.ts';
import { bool, double, NONE, type TorchEmitter, tensor, tensors } from './emitter.ts';
import type { TorchTable } from './rules.ts';
import type { Moved, TorchValue } from './values.ts';

/** Move parameters and velocities where they lie, all in one call. */
export function moveAll(emitter: TorchEmitter, moved: readonly Moved[]): void {
  const groups = new Map<string, Moved[]>();
  for (const one of moved) {
    const key = JSON.stringify([one.weightDecay, one.learningRate, one.momentum]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  for (const group of groups.values()) {
    const [{ weightDecay, learningRate, momentum }] = group;
    const lists = (['parameter', 'gradient', 'velocity'] as const).map((key) =>
      tensors(group.map((one) => one[key])),
    );
    emitter.purpose = 'sgd';
    emitter.callMany(
      '_fused_sgd_',
      [
        ...lists,
        double(weightDecay),
        // Without momentum libtorch keeps no velocity. Its first step, which sets the velocity to the gradient, is the same.
        { kind: 'fedDouble', input: momentum, forZero: 1 },
        { kind: 'fedDouble', input: learningRate },
        double(0), // dampening
        bool(false), // Nesterov's form
        bool(false), // maximise
        { kind: 'fedZero', input: momentum }, // first step
        NONE, // scale of the gradients
        NONE, // whether one of them is infinite
      ],
      [],
    );
  }
}

export const optimizer: Pick<TorchTable, 'sgd'> = {
  sgd: ({ emitter, inputs, attributes: { weightDecay }, node, graph }) => {
    const [parameter, given, velocity, rate, momentum] = inputs;
    const gradient = emitter.float(given);
    const [ownParameter, , ownVelocity, rateValue, momentumValue] = node.inputs;
    const rates = [rateValue, momentumValue].map((value) => graph.fedInput(value));
    const [learningRate, momentumName] = rates;
    const stays =
      graph.replaces(ownParameter, node.outputs[0]) && graph.replaces(ownVelocity, node.outputs[1]);
    if (stays && learningRate !== undefined && momentumName !== undefined) {
      emitter.moved.push({
        parameter,
        gradient,
        velocity,
        weightDecay,
        learningRate,
        momentum: momentumName,
      });
      return [parameter, velocity];
    }
    const { shape } = parameter;
    const add = (op: 'add.Tensor' | 'sub.Tensor', a: TorchValue, b: TorchValue): TorchValue =>
      emitter.call(op, [tensor(a), tensor(b), double(1)], { shape, dtype: 'float32' });
    const by = (a: TorchValue, b: TorchValue): TorchValue => product(emitter, [a, b], shape);
    const decayed =
      weightDecay === 0 ? gradient : add('add.Tensor', gradient, by(parameter, emitter.number(weightDecay)));
    const moved = add('add.Tensor', by(velocity, momentum), decayed);
    return [add('sub.Tensor', parameter, by(moved, rate)), moved];
  },
};
