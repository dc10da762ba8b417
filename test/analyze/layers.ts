/** The layers of test/fixtures/analyze/first-layer.json, whose numbers NumPy, SciPy and PyTorch worked out. */
import { readFileSync } from 'node:fs';
import type { FirstLayerKernels } from '../../src/analyze/first-layer.ts';
import { pullKernels } from '../../src/analyze/kernels.ts';
import type { Inhibition } from '../../src/analyze/spectrum.ts';
import { generated } from '../support/generated.ts';

type Shares = readonly [low: number, mid: number, high: number];
interface Levels {
  readonly signal: readonly number[];
  readonly background: readonly number[];
}

export interface LayerCase {
  readonly name: string;
  readonly shape: readonly [number, number, number, number];
  readonly groups: number;
  readonly dilation: number;
  readonly spectra: {
    readonly push: readonly number[];
    readonly pull: readonly number[];
    readonly pushPull: readonly (readonly number[])[];
    readonly radialPush: readonly number[];
    readonly energy: readonly { readonly push: Shares; readonly pull: Shares; readonly pushPull: Shares }[];
  };
  readonly reach: number;
  readonly responses: { readonly push: readonly number[]; readonly pushPull: readonly (readonly number[])[] };
  readonly edge: { readonly push: Levels | null; readonly pushPull: readonly (Levels | null)[] };
}

interface Fixture {
  readonly grid: number;
  readonly size: number;
  readonly band: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly inhibitions: readonly (readonly [alpha: number | null, avg: number])[];
  readonly cases: readonly LayerCase[];
}

export const FIXTURE = JSON.parse(
  readFileSync(new URL('../fixtures/analyze/first-layer.json', import.meta.url), 'utf8'),
) as Fixture;

/** Every `step`-th value, as the fixture stores planes. */
export function sampled(values: ArrayLike<number>, step: number): number[] {
  return Array.from({ length: Math.ceil(values.length / step) }, (_, i) => values[i * step]!);
}

export function layerOf({ name, shape, groups, dilation }: LayerCase): FirstLayerKernels {
  const push = generated(
    `${name} weight`,
    shape.reduce((product, length) => product * length, 1),
    0.02,
    0.3,
  );
  const colours = shape[1] * groups === 3;
  return {
    source: name,
    label: name,
    layer: 'conv1',
    kernels: { shape, push, pull: pullKernels(push, shape[0]), alpha: ownAlpha({ name, shape }) },
    groups,
    stride: [1, 1],
    dilation: [dilation, dilation],
    unit: { avg: 3, alphaIs: 'learned' },
    normalization: {
      mean: colours ? FIXTURE.mean : FIXTURE.mean.slice(0, 1),
      std: colours ? FIXTURE.std : FIXTURE.std.slice(0, 1),
    },
    assumptions: [],
  };
}

function ownAlpha({ name, shape }: Pick<LayerCase, 'name' | 'shape'>): Float32Array {
  return generated(`${name} alpha`, shape[0], 0.5, 0.7);
}

export function inhibitionsOf(layer: Pick<LayerCase, 'name' | 'shape'>): Inhibition[] {
  return FIXTURE.inhibitions.map(([alpha, avg]) => ({ alpha: alpha ?? ownAlpha(layer), avg }));
}
