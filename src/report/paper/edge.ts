/** Figure 4: a noisy edge behind push alone and behind push-pull, and its signal-to-noise ratio over a grid. */
import type { EdgeAnalysis, Snr } from '../../analyze/edge.ts';
import { cellOf, type LayerInspection } from '../../analyze/inspection.ts';
import { arrange, openSvg, renderChart, type Svg } from '../charts/render.ts';
import { formatNumber, plural } from '../format.ts';
import { COLORS } from '../theme.ts';
import { captioned, label, type PaperFigure, stacked } from './figure.ts';
import { GREYS, heatmap, type ValueScale } from './heatmap.ts';
import { withLineKey } from './key.ts';
import { inhibitionText, poolText } from './words.ts';

/** A picture of responses is about so wide, CSS pixels; its pixels share it evenly. */
const SIDE = 195;
const zoomOf = (size: number): number => Math.max(1, Math.round(SIDE / size));
const GAP = 24;
const POOL_COLORS = ['#1f5fa8', '#d1480c', '#0b7d77', '#6a3d9a', '#a87b00'];

export async function edgeFigure(inspection: LayerInspection): Promise<PaperFigure> {
  const { layer, edge, shown } = inspection;
  const { settings, strongest } = edge;
  const [row, charts] = [await pictureRow(inspection), await snrCharts(inspection)];
  const body = stacked([row, charts], 30, 'Noisy edge');
  const noise = `Gaussian noise, σ ${settings.sigma} of a range of 1, drawn for each pixel and channel, not clipped`;
  const { mean, std } = layer.normalization;
  return {
    name: 'figure-4-edge',
    svg: captioned(body, `A noisy edge behind the first layer of ${layer.label}`, [
      `Edge from ${settings.dark} to ${settings.bright}, ${settings.size} × ${settings.size} responses at stride 1 without padding; ${noise}. ` +
        `Pictures show seed 0; ratios are over ${plural(settings.seeds, 'picture')}${settings.seeds > 1 ? ` (seeds 0 to ${settings.seeds - 1})` : ''}. ` +
        `Normalised by mean ${mean.join(', ')} and deviation ${std.join(', ')}.`,
      `SNR = 20 log10(A_s / A_n): mean rectified response on the ${settings.band} columns of the edge (orange mark), and in the ` +
        `background (grey marks), ${edge.guard} columns off, where no kernel and no pooling reaches the edge. ` +
        `Push: relu(x * w); push-pull: relu(relu(x * w) − α relu(avg(x * w_pull))), both without the bias.`,
      `Strongest vertical edge detector: filter ${strongest}, whose push response rises most from background to edge without noise. ` +
        `All filters: A_s and A_n averaged over the ${layer.kernels.shape[0]} filters first. Push-pull in the picture: ${inhibitionText(shown)}` +
        `${shown.isOwn ? ', as this network has it' : ', assumed; the network has a plain convolution'}.`,
    ]),
  };
}

async function pictureRow({ edge, shown }: LayerInspection): Promise<Svg> {
  const { size } = edge.settings;
  const side = size * zoomOf(size);
  const top = 26;
  const width = 3 * side + 2 * GAP;
  const height = top + side + 24;
  const push = edge.push.filters[edge.strongest]!;
  const both = edge.pushPull[0]!.filters[edge.strongest]!;
  const level: ValueScale = { low: 0, high: 1, kind: 'linear' };
  const response = (values: Float64Array): ValueScale => ({
    low: 0,
    high: Math.max(...values, 1e-12),
    kind: 'linear',
  });
  const panels = [
    { heading: 'Noisy edge', values: edge.picture, scale: level, below: '' },
    {
      heading: 'Push alone',
      values: edge.pushResponse,
      scale: response(edge.pushResponse),
      below: snrText(push),
    },
    {
      heading: shown.isOwn ? 'Push-pull of this network' : `Push-pull, ${inhibitionText(shown)}`,
      values: edge.pushPullResponse,
      scale: response(edge.pushPullResponse),
      below: snrText(both),
    },
  ];
  const parts: string[] = [];
  for (const [column, { heading, values, scale, below }] of panels.entries()) {
    const x = column * (side + GAP);
    parts.push(
      label(x, 12, heading, { size: 13, weight: 600 }),
      await heatmap(values, size, scale, GREYS, { x, y: top, width: side, height: side }),
      `<rect x="${x - 0.5}" y="${top - 0.5}" width="${side + 1}" height="${side + 1}" fill="none" stroke="${COLORS.rule}"/>`,
      ...marks(edge, x, top - 6),
      label(x, top + side + 19, below, { weight: 600 }),
    );
  }
  return {
    text: `${openSvg(width, height, 'A noisy edge and responses to it')}${parts.join('')}</svg>`,
    width,
    height,
  };
}

/** Which columns count as edge and as background, as bars above a picture. */
function marks({ settings: { size, band }, guard }: EdgeAnalysis, x: number, y: number): string[] {
  const zoom = zoomOf(size);
  const first = (size - band) / 2;
  const background = first - guard;
  const bar = (from: number, columns: number, color: string) =>
    `<rect x="${x + from * zoom}" y="${y}" width="${columns * zoom}" height="3" fill="${color}"/>`;
  return [
    bar(0, background, COLORS.rule),
    bar(size - background, background, COLORS.rule),
    bar(first, band, POOL_COLORS[1]!),
  ];
}

/** `SNR 15.1 dB`, or why there is none. */
export function snrText({ snr, signal }: Snr): string {
  if (snr !== null) return `SNR ${formatNumber(snr, 1)} dB`;
  return signal > 0 ? 'no response in the background' : 'no response on the edge';
}

async function snrCharts(inspection: LayerInspection): Promise<Svg> {
  const { edge, pools, shown } = inspection;
  const { alpha } = shown;
  const subjects: Subject[] = [
    {
      heading: `Filter ${edge.strongest}: SNR over α, dB`,
      of: (which) => which.filters[edge.strongest]!,
      ownAlpha: typeof alpha === 'number' ? alpha : alpha[edge.strongest]!,
    },
    {
      heading: 'All filters: SNR over α, dB',
      of: (which) => which.all,
      ownAlpha: typeof alpha === 'number' ? alpha : meanOf(alpha),
    },
  ];
  const panels = [];
  for (const subject of subjects) {
    panels.push({ heading: subject.heading, svg: await snrChart(inspection, subject) });
  }
  const row = arrange(panels, { columns: 2, gap: GAP, label: 'SNR over alpha' });
  const key = [
    ...pools.map((avg, row) => ({ label: poolText(avg), color: poolColor(row), dash: '1 0' })),
    { label: 'push alone', color: COLORS.ink, dash: '4 5' },
    ...(shown.isOwn ? [{ label: 'this network', color: COLORS.ink, dash: 'diamond' }] : []),
  ];
  return withLineKey(row, key);
}

const poolColor = (row: number): string => POOL_COLORS[row % POOL_COLORS.length]!;

/** What a chart is about: one filter, or all. */
interface Subject {
  readonly heading: string;
  readonly of: (which: EdgeAnalysis['push']) => Snr;
  /** Where the network itself stands, if it has push-pull. */
  readonly ownAlpha: number;
}

async function snrChart(inspection: LayerInspection, { of, ownAlpha }: Subject): Promise<Svg> {
  const { edge, alphas, pools, shown } = inspection;
  const alone = of(edge.push).snr;
  const points = pools.flatMap((_, row) => [
    ...(alone === null ? [] : [{ alpha: 0, snr: alone, row }]),
    ...alphas.flatMap((alpha, column) => {
      const { snr } = of(edge.pushPull[cellOf(inspection, row, column)]!);
      return alpha === 'learned' || snr === null ? [] : [{ alpha, snr, row }];
    }),
  ]);
  const own = shown.isOwn ? of(edge.pushPull[0]!).snr : null;
  const strengths = [
    ...new Set([0, ...points.map(({ alpha }) => alpha), ...(own === null ? [] : [ownAlpha])]),
  ];
  const values = [...points.map(({ snr }) => snr), ...(own === null ? [] : [own])];
  const axis = tightAxis(values);
  const x = {
    type: 'quantitative',
    title: 'α, inhibition strength',
    scale: { domain: [Math.min(...strengths), Math.max(...strengths, 1)], nice: false },
    axis: {
      domain: true,
      domainColor: COLORS.faint,
      tickCount: 7,
      labelExpr: "format(datum.value, '~g')",
      labelFlush: false,
    },
  };
  const y = {
    type: 'quantitative',
    title: null,
    scale: { domain: [axis[0], axis.at(-1)], nice: false, zero: false },
    axis: { grid: true, values: axis, labelExpr: "format(datum.value, '~g')", labelOverlap: false },
  };
  const { size } = edge.settings;
  const width = (3 * size * zoomOf(size) + 2 * GAP - GAP) / 2;
  return renderChart(
    {
      layer: [
        ...(alone === null
          ? []
          : [
              {
                data: { values: [{ snr: alone }] },
                mark: { type: 'rule', color: COLORS.ink, strokeDash: [4, 4], strokeWidth: 1.2 },
                encoding: { y: { ...y, field: 'snr' } },
              },
            ]),
        ...pools.map((_, row) => ({
          data: { values: points.filter((point) => point.row === row) },
          mark: {
            type: 'line',
            color: poolColor(row),
            strokeWidth: 2.2,
            point: { filled: true, size: 34, opacity: 1, color: poolColor(row) },
          },
          encoding: { x: { ...x, field: 'alpha' }, y: { ...y, field: 'snr' } },
        })),
        ...(own === null
          ? []
          : [
              {
                data: { values: [{ alpha: ownAlpha, snr: own }] },
                mark: {
                  type: 'point',
                  shape: 'diamond',
                  filled: true,
                  size: 110,
                  opacity: 1,
                  color: COLORS.ink,
                },
                encoding: { x: { ...x, field: 'alpha' }, y: { ...y, field: 'snr' } },
              },
            ]),
      ],
    },
    { width, height: 230, margins: { top: 14, right: 14, bottom: 44, left: 38 } },
    'SNR over the strength of inhibition',
  );
}

function meanOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Round values that hold all of some, not from zero. */
function tightAxis(values: readonly number[]): number[] {
  const [low, high] = values.length === 0 ? [0, 1] : [Math.min(...values), Math.max(...values)];
  const rough = Math.max(high - low, 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const first = Math.floor(low / step - 0.05);
  const last = Math.max(first + 1, Math.ceil(high / step + 0.05));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(6)));
}
