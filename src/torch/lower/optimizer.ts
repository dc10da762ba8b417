import { product } from './elementwise.ts';
import { bool, double, NONE, type TorchEmitter, tensor, tensors } from './emitter.ts';
import type { TorchTable } from './rules.ts';
import type { Moved, TorchValue } from './values.ts';

/** Move parameters and velocities where they lie, all in one call. */
export function moveAll(emitter: TorchEmitter, moved: readonly Moved[]): void {
  const groups = new Map<string, Moved[]>();
  for (const one of moved) {
    const key = JSON.stringify([one.weightDecay, one.learningRate.input, one.momentum.input]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  for (const group of groups.values()) {
    const [{ weightDecay }] = group;
    const lists = (['parameter', 'gradient', 'velocity'] as const).map((key) =>
      tensors(group.map((one) => one[key])),
    );
    emitter.purpose = 'sgd';
    const [parameters, gradients, velocities] = lists;
    const onDevice = emitter.target.device === 'cuda';
    // A recorded step is launched with other rates each time, so a GPU reads them from tensors. The momentum has no place
    // for one: the velocities are multiplied first, and then by one.
    if (onDevice) emitter.callMany('_foreach_mul_.Tensor', [velocities, tensor(group[0].momentum.value)], []);
    const { learningRate: rate, momentum: inertia } = group[0];
    emitter.callMany(
      onDevice ? '_fused_sgd_.tensor_lr' : '_fused_sgd_',
      [
        parameters,
        gradients,
        velocities,
        double(weightDecay),
        // Without momentum libtorch keeps no velocity. Its first step, which sets the velocity to the gradient, is the same.
        onDevice ? double(1) : { kind: 'fedDouble', input: inertia.input, forZero: 1 },
        onDevice ? tensor(rate.value) : { kind: 'fedDouble', input: rate.input },
        double(0), // dampening
        bool(false), // Nesterov's form
        bool(false), // maximise
        onDevice ? bool(false) : { kind: 'fedZero', input: inertia.input }, // first step
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
      // Parameter and velocity are walked through as they lie in memory, and so has the gradient to lie.
      const format = gradient.shape.length === 4 ? 'channelsLast' : 'contiguous';
      const args = [tensor(gradient), { kind: 'memoryFormat', value: format }] as const;
      emitter.moved.push({
        parameter,
        gradient: emitter.call('contiguous', args, gradient, { views: gradient }),
        velocity,
        weightDecay,
        learningRate: { input: learningRate, value: rate },
        momentum: { input: momentumName, value: momentum },
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
