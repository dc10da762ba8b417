/** All that is worked out about a first layer for its figures and its summary. */
import { analyzeEdge, EDGE, type EdgeAnalysis, type EdgeSettings, type Snr } from './edge.ts';
import type { FirstLayerKernels } from './first-layer.ts';
import { BANDS, type BandEnergy, type Inhibition, type LayerSpectra, layerSpectra } from './spectrum.ts';

/** Strengths of inhibition of the paper (Table 3). */
export const ALPHAS = [0.5, 1, 2, 3, 4, 5, 6] as const;
/** Poolings of the paper; 0 is none. */
export const POOLS = [0, 3, 5] as const;

/** A column of the grid: one number for all filters, or what the filters of this layer have. */
export type GridAlpha = number | 'learned';

export interface InspectionOptions {
  readonly alphas?: readonly number[];
  readonly pools?: readonly number[];
  readonly edge?: Partial<EdgeSettings>;
}

export interface LayerInspection {
  readonly layer: FirstLayerKernels;
  /** The inhibition of single examples: the layer's own, or one that is assumed for a plain convolution. */
  readonly shown: Inhibition & { readonly isOwn: boolean };
  readonly alphas: readonly GridAlpha[];
  readonly pools: readonly number[];
  /** Of `shown`, then of the grid, row by row: all strengths without pooling first. */
  readonly spectra: LayerSpectra;
  readonly edge: EdgeAnalysis;
}

/** What is assumed where a layer has no push-pull of its own. */
const ASSUMED = { alpha: 1, avg: 3 } as const;

/**
 * Analyses a layer under its own inhibition and under a grid of alpha and pooling. Of a plain convolution this is what
 * push-pull would do to its filters.
 */
export function inspectLayer(layer: FirstLayerKernels, options: InspectionOptions = {}): LayerInspection {
  const { pools = POOLS } = options;
  const own = layer.unit && layer.kernels.alpha;
  const alphas: GridAlpha[] = [
    ...(layer.unit?.alphaIs === 'learned' ? (['learned'] as const) : []),
    ...(options.alphas ?? ALPHAS),
  ];
  const shown = own
    ? { alpha: own, avg: layer.unit!.avg, isOwn: true }
    : {
        alpha: options.alphas?.[0] ?? ASSUMED.alpha,
        avg: pools.includes(ASSUMED.avg) ? ASSUMED.avg : pools[0],
        isOwn: false,
      };
  const grid = pools.flatMap((avg) =>
    alphas.map((alpha): Inhibition => ({ alpha: alpha === 'learned' ? own! : alpha, avg })),
  );
  const inhibitions = [shown, ...grid];
  return {
    layer,
    shown,
    alphas,
    pools,
    spectra: layerSpectra(layer, inhibitions),
    edge: analyzeEdge(layer, inhibitions, { ...EDGE, ...options.edge }),
  };
}

/** Position of a cell of the grid among the inhibitions of an inspection. */
export function cellOf({ alphas }: Pick<LayerInspection, 'alphas'>, pool: number, alpha: number): number {
  return 1 + pool * alphas.length + alpha;
}

export const INSPECTION_SCHEMA = 'pushpull.inspection/1';

/** One filter in the summary. */
export interface FilterSummary {
  readonly filter: number;
  /** Null for a plain convolution. */
  readonly alpha: number | null;
  /** Response to a constant image of 1: the sum of the weights. */
  readonly dcGain: { readonly push: number; readonly pull: number; readonly pushPull: number };
  /** Shares of the spectral energy in the bands. */
  readonly energy: {
    readonly push: BandEnergy;
    readonly pull: BandEnergy;
    readonly pushPull: BandEnergy;
  };
  readonly edge: { readonly push: Snr; readonly pushPull: Snr };
}

/** What `inspect.json` holds: the numbers behind the figures of a model. */
export interface InspectionSummary {
  readonly schema: typeof INSPECTION_SCHEMA;
  readonly model: { readonly source: string; readonly label: string };
  readonly layer: {
    readonly name: string;
    readonly kind: 'convolution' | 'push-pull';
    /** `[Cout, Cin/groups, kh, kw]` */
    readonly kernels: readonly number[];
    readonly groups: number;
    readonly stride: readonly [number, number];
    readonly dilation: readonly [number, number];
  };
  /** The inhibition behind every figure of `pushPull`: the layer's own, or assumed. */
  readonly pushPull: {
    readonly of: 'this layer' | 'assumed';
    readonly alpha: number | readonly number[];
    readonly avg: number;
  };
  /** Ends of the low and the mid band, and the side of the grid of frequencies, in cycles a pixel. */
  readonly spectrum: {
    readonly grid: number;
    readonly lowBelow: number;
    readonly midBelow: number;
    /** Means of the filters' shares. */
    readonly energy: FilterSummary['energy'];
  };
  readonly edge: {
    readonly settings: EdgeSettings & { readonly noise: 'gaussian' };
    readonly normalization: { readonly mean: readonly number[]; readonly std: readonly number[] };
    readonly strongestFilter: number;
    /** dB, with `A_s` and `A_n`. */
    readonly push: { readonly strongest: Snr; readonly allFilters: Snr };
    readonly pushPull: { readonly strongest: Snr; readonly allFilters: Snr };
    readonly grid: readonly {
      readonly alpha: GridAlpha;
      readonly avg: number;
      readonly strongest: Snr;
      readonly allFilters: Snr;
    }[];
  };
  readonly filters: readonly FilterSummary[];
  readonly assumptions: readonly string[];
}

/** The numbers of an inspection, for `inspect.json`. */
export function summarizeInspection(inspection: LayerInspection): InspectionSummary {
  const { layer, shown, alphas, pools, spectra, edge } = inspection;
  const { kernels, unit, groups, stride, dilation } = layer;
  const [filters] = kernels.shape;
  const pick = (which: EdgeAnalysis['push']) => ({
    strongest: which.filters[edge.strongest],
    allFilters: which.all,
  });
  return {
    schema: INSPECTION_SCHEMA,
    model: { source: layer.source, label: layer.label },
    layer: {
      name: layer.layer,
      kind: unit ? 'push-pull' : 'convolution',
      ...{ kernels: kernels.shape, groups, stride, dilation },
    },
    pushPull: {
      of: shown.isOwn ? 'this layer' : 'assumed',
      alpha: typeof shown.alpha === 'number' ? shown.alpha : Array.from(shown.alpha),
      avg: shown.avg,
    },
    spectrum: {
      grid: spectra.size,
      lowBelow: BANDS.low,
      midBelow: BANDS.mid,
      energy: {
        push: meanBands(spectra.energy.map(({ push }) => push)),
        pull: meanBands(spectra.energy.map(({ pull }) => pull)),
        pushPull: meanBands(spectra.energy.map(({ pushPull }) => pushPull)),
      },
    },
    edge: {
      settings: { ...edge.settings, noise: 'gaussian' },
      normalization: layer.normalization,
      strongestFilter: edge.strongest,
      push: pick(edge.push),
      pushPull: pick(edge.pushPull[0]),
      grid: pools.flatMap((avg, pool) =>
        alphas.map((alpha, column) => ({
          alpha,
          avg,
          ...pick(edge.pushPull[cellOf(inspection, pool, column)]),
        })),
      ),
    },
    filters: Array.from({ length: filters }, (_, filter) => ({
      filter,
      alpha: unit && kernels.alpha ? kernels.alpha[filter] : null,
      dcGain: dcGain(inspection, filter),
      energy: spectra.energy[filter],
      edge: { push: edge.push.filters[filter], pushPull: edge.pushPull[0].filters[filter] },
    })),
    assumptions: assumptionsOf(inspection),
  };
}

/** The gain of average pooling at frequency zero is 1, so it does not count here. */
function dcGain({ layer: { kernels }, shown }: LayerInspection, filter: number): FilterSummary['dcGain'] {
  const size = kernels.push.length / kernels.shape[0];
  const total = (weights: Float32Array) =>
    weights.subarray(filter * size, (filter + 1) * size).reduce((sum, weight) => sum + weight, 0);
  const [push, pull] = [total(kernels.push), total(kernels.pull)];
  const alpha = typeof shown.alpha === 'number' ? shown.alpha : shown.alpha[filter];
  return { push, pull, pushPull: push - alpha * pull };
}

function meanBands(shares: readonly BandEnergy[]): BandEnergy {
  const mean = (of: (share: BandEnergy) => number) =>
    shares.reduce((sum, share) => sum + of(share), 0) / shares.length;
  return { low: mean(({ low }) => low), mid: mean(({ mid }) => mid), high: mean(({ high }) => high) };
}

/** What was taken for granted, of the layer and of the analysis. */
export function assumptionsOf({ layer, shown }: LayerInspection): string[] {
  const { stride } = layer;
  return [
    ...layer.assumptions,
    ...(shown.isOwn
      ? []
      : [
          `The layer has no push-pull of its own: single examples take alpha ${shown.alpha} and ` +
            `${shown.avg > 1 ? `avg${shown.avg}` : 'no pooling'}.`,
        ]),
    ...(stride[0] > 1 || stride[1] > 1
      ? [
          `The layer's stride of ${[...new Set(stride)].join(' × ')} is left out: filters are applied at every pixel, and ` +
            'pooling spans neighbouring pixels, as in Eq. 6 to 8; in the network it spans neighbouring responses.',
        ]
      : []),
  ];
}
