/** Figure 4: a noisy edge behind push alone and behind push-pull, and its signal-to-noise ratio over a grid. */
import type { EdgeAnalysis, Snr } from '../../analyze/edge.ts';
import { cellOf, type LayerInspection } from '../../analyze/inspection.ts';
import { Label } from '../charts/label.tsx';
import { multiples, roundStep } from '../charts/layout.ts';
import { arrange, picture, Raster, type Svg, stacked } from '../charts/picture.tsx';
import { Line, Points, plot, XAxis, YAxis } from '../charts/plot.tsx';
import { formatNumber, plural } from '../format.ts';
import { COLORS } from '../theme.ts';
import { captioned, type PaperFigure } from './figure.tsx';
import { GREYS, planeUri, type ValueScale } from './heatmap.tsx';
import { withLineKey } from './key.tsx';
import { inhibitionText, poolText } from './words.ts';

/** A picture of responses is about so wide, CSS pixels; its pixels share it evenly. */
const SIDE = 195;
const zoomOf = (size: number): number => Math.max(1, Math.round(SIDE / size));
const GAP = 24;
const POOL_COLORS = ['#1f5fa8', '#d1480c', '#0b7d77', '#6a3d9a', '#a87b00'];

export async function edgeFigure(inspection: LayerInspection): Promise<PaperFigure> {
  const { layer, edge, shown } = inspection;
  const { settings, strongest } = edge;
  const body = stacked([await pictureRow(inspection), snrCharts(inspection)], 30, 'Noisy edge');
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
  const uris = await Promise.all(panels.map(({ values, scale }) => planeUri(values, size, scale, GREYS)));
  return picture(
    width,
    height,
    'A noisy edge and responses to it',
    panels.map(({ heading, below }, column) => {
      const x = column * (side + GAP);
      return (
        <>
          <Label x={x} y={12} size={13} bold text={heading} />
          <Raster
            href={uris[column]!}
            x={x}
            y={top}
            width={side}
            height={side}
            crisp
            style="image-rendering:pixelated"
          />
          <rect
            x={x - 0.5}
            y={top - 0.5}
            width={side + 1}
            height={side + 1}
            fill="none"
            stroke={COLORS.rule}
          />
          <Columns edge={edge} x={x} y={top - 6} />
          <Label x={x} y={top + side + 19} bold text={below} />
        </>
      );
    }),
  );
}

/** Which columns count as edge and as background, as bars above a picture. */
function Columns({ edge, x, y }: { readonly edge: EdgeAnalysis; readonly x: number; readonly y: number }) {
  const { size, band } = edge.settings;
  const zoom = zoomOf(size);
  const first = (size - band) / 2;
  const background = first - edge.guard;
  const bars = [
    { from: 0, columns: background, color: COLORS.rule },
    { from: size - background, columns: background, color: COLORS.rule },
    { from: first, columns: band, color: poolColor(1) },
  ];
  return bars.map(({ from, columns, color }) => (
    <rect x={x + from * zoom} y={y} width={columns * zoom} height={3} fill={color} />
  ));
}

/** `SNR 15.1 dB`, or why there is none. */
export function snrText({ snr, signal }: Snr): string {
  if (snr !== null) return `SNR ${formatNumber(snr, 1)} dB`;
  return signal > 0 ? 'no response in the background' : 'no response on the edge';
}

function snrCharts(inspection: LayerInspection): Svg {
  const { edge, pools, shown } = inspection;
  const { alpha } = shown;
  const { strongest } = edge;
  const panels = [
    {
      heading: `Filter ${strongest}: SNR over α, dB`,
      svg: snrChart(inspection, {
        of: (which) => which.filters[strongest]!,
        ownAlpha: typeof alpha === 'number' ? alpha : alpha[strongest]!,
      }),
    },
    {
      heading: 'All filters: SNR over α, dB',
      svg: snrChart(inspection, {
        of: (which) => which.all,
        ownAlpha: typeof alpha === 'number' ? alpha : meanOf(alpha),
      }),
    },
  ];
  return withLineKey(arrange(panels, { columns: 2, gap: GAP, label: 'SNR over alpha' }), [
    ...pools.map((avg, row) => ({ label: poolText(avg), color: poolColor(row) })),
    { label: 'push alone', color: COLORS.ink, dash: ALONE_DASH },
    ...(shown.isOwn ? [{ label: 'this network', color: COLORS.ink, dash: 'diamond' }] : []),
  ]);
}

const ALONE_DASH = '4 5';

const poolColor = (row: number): string => POOL_COLORS[row % POOL_COLORS.length]!;

/** What a chart is about: one filter, or all. */
interface Subject {
  readonly of: (which: EdgeAnalysis['push']) => Snr;
  /** Where the network itself stands, if it has push-pull. */
  readonly ownAlpha: number;
}

function snrChart(inspection: LayerInspection, { of, ownAlpha }: Subject): Svg {
  const { edge, alphas, pools, shown } = inspection;
  const alone = of(edge.push).snr;
  const curves = pools.map((_, row) => [
    ...(alone === null ? [] : [{ x: 0, y: alone }]),
    ...alphas.flatMap((alpha, column) => {
      const { snr } = of(edge.pushPull[cellOf(inspection, row, column)]!);
      return alpha === 'learned' || snr === null ? [] : [{ x: alpha, y: snr }];
    }),
  ]);
  const own = shown.isOwn ? of(edge.pushPull[0]!).snr : null;
  const ownPoint = own === null ? [] : [{ x: ownAlpha, y: own }];
  const points = [...curves.flat(), ...ownPoint];
  const strengths = [0, ...points.map(({ x }) => x)];
  const [low, high] = [Math.min(...strengths), Math.max(...strengths, 1)];
  const ticks = tightAxis(points.map(({ y }) => y));
  const { size } = edge.settings;
  return plot(
    {
      width: (3 * size * zoomOf(size) + 2 * GAP - GAP) / 2,
      height: 230,
      margins: { top: 14, right: 14, bottom: 44, left: 38 },
      label: 'SNR over the strength of inhibition',
      x: [low, high],
      y: [ticks[0]!, ticks.at(-1)!],
    },
    ({ x }) => (
      <>
        <YAxis ticks={ticks} />
        <XAxis ticks={x.ticks(7)} title="α, inhibition strength" />
        {alone !== null && (
          <Line
            points={[low, high].map((at) => ({ x: at, y: alone }))}
            color={COLORS.ink}
            weight={1.2}
            dash={ALONE_DASH}
          />
        )}
        {curves.map((curve, row) => (
          <>
            <Line points={curve} color={poolColor(row)} weight={2.2} />
            <Points points={curve} color={poolColor(row)} size={6} />
          </>
        ))}
        <Points points={ownPoint} color={COLORS.ink} shape="diamond" size={10} />
      </>
    ),
  );
}

function meanOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Round values that hold all of some, not from zero. */
function tightAxis(values: readonly number[]): number[] {
  const [low, high] = values.length === 0 ? [0, 1] : [Math.min(...values), Math.max(...values)];
  const step = roundStep(Math.max(high - low, 1) / 5, [1, 2, 5, 10]);
  const first = Math.floor(low / step - 0.05);
  return multiples(step, first, Math.max(first + 1, Math.ceil(high / step + 0.05)));
}
