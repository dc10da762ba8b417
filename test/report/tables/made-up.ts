/** Made-up results with seeds and settings, for the tests of the tables alone. */
import { computeMetrics } from '../../../src/evaluate/result/metrics.ts';
import type { Result } from '../../../src/evaluate/result/schema.ts';
import { syntheticResult } from '../synthetic.ts';

export interface MadeUp {
  readonly name?: string;
  readonly variant?: string;
  readonly seed?: number;
  readonly augment?: string;
  readonly width?: number;
  readonly dataset?: string;
  readonly clean?: number;
  readonly errors?: Result['errors'];
  /** Multiplies every error of the synthetic result. */
  readonly scale?: number;
}

let made = 0;

/** A result of a network trained with a seed; each is a model of its own. */
export function madeUp(options: MadeUp = {}): Result {
  const {
    name = 'resnet18',
    variant = 'baseline',
    seed,
    augment,
    width = 64,
    dataset = 'CIFAR-10',
  } = options;
  const plain = syntheticResult({ name, variant, clean: options.clean, file: `runs/${++made}` });
  const scaled = Object.fromEntries(
    Object.entries(plain.errors).map(([corruption, row]) => [
      corruption,
      row.map((error) => Math.min(1, error! * (options.scale ?? 1))),
    ]),
  );
  const measured = { clean: plain.clean!, errors: options.errors ?? scaled };
  const model: Result['model'] = {
    ...plain.model,
    sha256: made.toString(16).padStart(64, '0'),
    config: { model: name, form: 'cifar', width, classes: 10, stem: { kind: 'conv' } },
    training: { ...(seed !== undefined && { seed }), recipe: { epochs: 30 }, ...(augment && { augment }) },
  };
  return {
    ...plain,
    model,
    data: { ...plain.data, name: dataset },
    ...measured,
    ...computeMetrics(measured),
  };
}

/** A result without what newer evaluations tell of the network. */
export function withoutSettings(result: Result): Result {
  const { name, variant, parameters, file, sha256 } = result.model;
  return { ...result, model: { name, variant, parameters, file, sha256 } };
}
