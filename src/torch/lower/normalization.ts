import { numElements } from '../../graph/tensor.ts';
import type { Node } from '../../graph/value.ts';
import { product } from './elementwise.ts';
import { bool, bools, double, NONE, someTensor, type TorchEmitter, tensor } from './emitter.ts';
import type { Surroundings, TorchTable } from './rules.ts';
import type { TorchValue } from './values.ts';

type Normalization = 'batchNorm' | 'batchNormTraining' | 'batchNormTrainingGradient' | 'runningStatistics';

/** Running statistics that the kernel of a batch norm itself can bring up to date, and how. */
interface Kept {
  readonly mean: TorchValue;
  readonly variance: TorchValue;
  readonly rate: number;
}

const [MEAN, VARIANCE] = [1, 2];

/** The node that blends the statistics of a batch into running ones which are replaced by what it gives. */
function keeper(node: Node, graph: Surroundings): Node<'runningStatistics'> | undefined {
  const [only, ...others] = graph.readers(node.outputs[MEAN]);
  if (only?.op !== 'runningStatistics' || others.length > 0) return undefined;
  const found = only as unknown as Node<'runningStatistics'>;
  const [mean, variance] = found.inputs;
  const replaces = [mean, variance].every((before, i) => {
    const alone = graph.readers(before).length === 1;
    return alone && graph.replaces(before, found.outputs[i]);
  });
  return replaces && found.attributes.rate !== undefined ? found : undefined;
}

function keptBy(node: Node, graph: Surroundings): Kept | undefined {
  const found = keeper(node, graph);
  const [mean, variance] = found?.inputs.slice(0, 2).map((value) => graph.find(value)) ?? [];
  return mean && variance ? { mean, variance, rate: found!.attributes.rate! } : undefined;
}

/** Whether anything but the gradient and the running statistics that the kernel keeps asks for the variance. */
function wantsVariance(node: Node, graph: Surroundings, kept: boolean): boolean {
  const value = node.outputs[VARIANCE];
  const others = graph
    .readers(value)
    .filter(({ op }) => op !== 'batchNormTrainingGradient' && !(kept && op === 'runningStatistics'));
  return others.length > 0 || graph.isOutput(value);
}

/**
 * Means and unbiased variances of a batch, written by the kernel over two tensors that are kept for it: with a weight of
 * 1, what they held before has no influence.
 */
function scratch(emitter: TorchEmitter, channels: number): Kept {
  const zeros = (): TorchValue =>
    emitter.scratch({ dtype: 'float32', shape: [channels], data: new Float32Array(channels) });
  return { mean: zeros(), variance: zeros(), rate: 1 };
}

export const normalization: Pick<TorchTable, Normalization> = {
  batchNorm: ({ emitter, inputs: [x, weight, bias, mean, variance], attributes: { epsilon } }) => {
    const [y] = emitter.callMany(
      'native_batch_norm',
      [
        tensor(x),
        ...[weight, bias, mean, variance].map((value) => someTensor(emitter.float(value))),
        bool(false),
        double(0),
        double(epsilon),
      ],
      [x, undefined, undefined],
    );
    return [y!];
  },

  batchNormTraining: ({ emitter, inputs: [x, weight, bias], attributes: { epsilon }, node, graph }) => {
    const channels = node.outputs[MEAN].shape;
    const perChannel = { shape: channels, dtype: 'float32' } as const;
    const kept = keptBy(node, graph);
    const measured = wantsVariance(node, graph, kept !== undefined)
      ? scratch(emitter, channels[0])
      : undefined;
    const running = measured ?? kept;
    const [y, mean, inverse] = emitter.callMany(
      'native_batch_norm',
      [
        tensor(x),
        someTensor(weight),
        someTensor(bias),
        running ? someTensor(running.mean) : NONE,
        running ? someTensor(running.variance) : NONE,
        bool(true),
        double(running?.rate ?? 0),
        double(epsilon),
      ],
      [x, perChannel, perChannel],
    );
    const count = numElements(x.shape) / channels[0];
    const variance = measured
      ? product(emitter, [measured.variance, emitter.number((count - 1) / count)], channels)
      : inverse!;
    return [y!, mean!, variance, { ...x, normalised: { x, mean: mean!, inverse: inverse! } }];
  },

  batchNormTrainingGradient: ({ emitter, inputs, attributes: { epsilon }, node }) => {
    const [dy, centered, weight] = inputs;
    const { normalised } = centered;
    if (!normalised) throw new Error('internal: the gradient of a batch norm that is not there');
    const { x, mean, inverse } = normalised;
    const [upstream, own] = emitter.matched(dy, x);
    const perChannel = { shape: node.outputs[1].shape, dtype: 'float32' } as const;
    const [dx, dWeight, dBias] = emitter.callMany(
      'native_batch_norm_backward',
      [
        tensor(upstream),
        tensor(own),
        someTensor(weight),
        NONE,
        NONE,
        someTensor(mean),
        someTensor(inverse),
        bool(true),
        double(epsilon),
        bools([true, true, true]),
      ],
      [own, perChannel, perChannel],
    );
    // The factor a channel is in the gradient already.
    return [dx!, emitter.ones(perChannel.shape), dWeight!, dBias!];
  },

  runningStatistics: ({ emitter, inputs, attributes: { count, rate: fixed }, node, graph }) => {
    const [mean, variance, batchMean, batchVariance, given] = inputs;
    const { source } = node.inputs[2];
    // The kernel has written them already.
    if (source.kind === 'node' && source.node.op === 'batchNormTraining') {
      const same = keeper(source.node, graph) === (node as unknown);
      if (same && !wantsVariance(source.node, graph, true)) return [mean, variance];
    }
    const rate = fixed === undefined ? given : emitter.number(fixed);
    const unbiased = product(emitter, [batchVariance, emitter.number(count / (count - 1))], variance.shape);
    const blend = (running: TorchValue, measured: TorchValue): TorchValue =>
      emitter.call('lerp.Tensor', [tensor(running), tensor(measured), tensor(rate)], running);
    return [blend(mean, batchMean), blend(variance, unbiased)];
  },
};
