/** Figure 5: what frequencies push, pull and push-pull kernels let through. */
import { scaleLog } from 'd3-scale';
import { cellOf, type LayerInspection } from '../../analyze/inspection.ts';
import { radialProfile } from '../../analyze/spectrum.ts';
import { Label } from '../charts/label.tsx';
import { arrange, picture, Raster, type Svg } from '../charts/picture.tsx';
import { Line, plot, XAxis, YAxis } from '../charts/plot.tsx';
import { COLORS } from '../theme.ts';
import { captioned, type PaperFigure } from './figure.tsx';
import { ColorBar, cssColor, planeUri, scaleTicks, type ValueScale, VIRIDIS } from './heatmap.tsx';
import { withLineKey } from './key.tsx';
import { alphaText, poolText } from './words.ts';

/** Side of one spectrum, CSS pixels. */
const SIDE = 100;
const SQUARE = { width: SIDE, height: SIDE, crisp: true, style: 'image-rendering:pixelated' } as const;
const GAP = 10;
/** Between the kernels' own spectra and the grid. */
const GUTTER = 118;
const LEFT = 34;
const TOP = 34;
/** Magnitudes below this share of the largest have the colour of the lowest. */
const DYNAMIC_RANGE = 300;

/** The figure as pictures of spectra, and the same as curves over the radius. */
export async function spectrumFigures(inspection: LayerInspection): Promise<PaperFigure[]> {
  const { layer, spectra } = inspection;
  const [filters, channels] = layer.kernels.shape;
  const kernels = `${filters * channels} kernels (${filters} filters × ${channels} channel${channels === 1 ? '' : 's'})`;
  const notes = [
    `Mean of |F| over ${kernels}, by FFT on a grid of ${spectra.size} × ${spectra.size} with zeros around each kernel. ` +
      'Push-pull: w − α (w_pull * avg), Eq. 6 to 8' +
      `${inspection.alphas.includes('learned') ? '; “learned” takes each filter’s own α' : ''}.`,
    ...(layer.unit
      ? []
      : ['The network has a plain convolution: this is what push-pull would do to its filters.']),
  ];
  const pictures = captioned(
    await pictureGrid(inspection),
    `Fourier magnitude of the first layer of ${layer.label}`,
    [
      `${notes[0]} Axes in cycles a pixel, frequency 0 in the middle; one logarithmic colour scale for all.`,
      ...notes.slice(1),
    ],
  );
  const curves = captioned(
    profiles(inspection),
    `Fourier magnitude over frequency, first layer of ${layer.label}`,
    [`${notes[0]} Averaged over rings around frequency 0.`, ...notes.slice(1)],
  );
  return [
    { name: 'figure-5-spectra', svg: pictures },
    { name: 'figure-5-profiles', svg: curves },
  ];
}

async function pictureGrid(inspection: LayerInspection): Promise<Svg> {
  const { spectra, alphas, pools } = inspection;
  const scale = commonScale([spectra.push, spectra.pull, ...spectra.pushPull.slice(1)]);
  const rows = Math.max(2, pools.length);
  const gridLeft = LEFT + SIDE + GUTTER;
  const right = gridLeft + alphas.length * (SIDE + GAP) - GAP;
  const width = right + 66;
  const height = TOP + rows * (SIDE + GAP) - GAP + 40;
  const topOf = (row: number) => TOP + row * (SIDE + GAP);
  const leftOf = (column: number) => gridLeft + column * (SIDE + GAP);
  const below = topOf(pools.length - 1) + SIDE;
  const uriOf = (values: Float64Array) => planeUri(values, spectra.size, scale, VIRIDIS);
  const alone = [
    { name: 'push', uri: await uriOf(spectra.push) },
    { name: 'pull', uri: await uriOf(spectra.pull) },
  ];
  const grid = await Promise.all(
    pools.flatMap((_, row) =>
      alphas.map(async (_, column) => ({
        row,
        column,
        uri: await uriOf(spectra.pushPull[cellOf(inspection, row, column)]!),
      })),
    ),
  );
  return picture(
    width,
    height,
    'Fourier magnitudes of push, pull and push-pull kernels',
    <>
      <Label x={LEFT} y={TOP - 12} bold text="Kernels alone" />
      {alone.map(({ name, uri }, row) => (
        <>
          <Raster href={uri} x={LEFT} y={topOf(row)} {...SQUARE} />
          <Label x={LEFT + 7} y={topOf(row) + 16} bold color={COLORS.paper} text={name} />
          <FrequencyAxis x={LEFT} y={topOf(row)} />
        </>
      ))}
      <FrequencyAxis x={LEFT} y={topOf(1) + SIDE} horizontal />
      {pools.map((pool, row) => (
        <>
          <Label x={gridLeft - 34} y={topOf(row) + SIDE / 2 + 4} bold anchor="end" text={poolText(pool)} />
          <FrequencyAxis x={gridLeft} y={topOf(row)} />
        </>
      ))}
      {grid.map(({ row, column, uri }) => (
        <Raster href={uri} x={leftOf(column)} y={topOf(row)} {...SQUARE} />
      ))}
      {alphas.map((alpha, column) => (
        <>
          <Label x={leftOf(column) + SIDE / 2} y={TOP - 12} bold anchor="middle" text={alphaText(alpha)} />
          <FrequencyAxis x={leftOf(column)} y={below} horizontal />
        </>
      ))}
      <Label
        x={gridLeft}
        y={below + 34}
        size={11}
        color={COLORS.muted}
        text="horizontal and vertical frequency, cycles a pixel"
      />
      <ColorBar
        scale={scale}
        colors={VIRIDIS}
        x={right + 18}
        y={TOP}
        height={rows * (SIDE + GAP) - GAP}
        name="|F|"
      />
    </>,
  );
}

/** Numbers of the axes, those at the ends moved inwards: neighbours are near. */
const FREQUENCIES = [
  { at: 0, words: '−.5', across: 7, down: 8 },
  { at: 0.5, words: '0', across: 0, down: 4 },
  { at: 1, words: '.5', across: -5, down: 0 },
] as const;

/** Numbers at -0.5, 0 and 0.5 along the left side of a picture, or along the side below it. */
function FrequencyAxis({ x, y, horizontal = false }: { x: number; y: number; horizontal?: boolean }) {
  const style = { size: 10, color: COLORS.muted } as const;
  return FREQUENCIES.map(({ at, words, across, down }) =>
    horizontal ? (
      <Label x={x + at * SIDE + across} y={y + 14} anchor="middle" {...style} text={words} />
    ) : (
      <Label x={x - 5} y={y + at * SIDE + down} anchor="end" {...style} text={words} />
    ),
  );
}

/** From the smallest to the largest magnitude, at most so many times apart. */
function commonScale(planes: readonly Float64Array[]): ValueScale {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const plane of planes) {
    for (const value of plane) {
      if (value > high) high = value;
      if (value < low) low = value;
    }
  }
  // Of a layer whose weights are all zero nothing can be shown but that.
  if (high === 0) return { low: 1e-3, high: 1, kind: 'log' };
  return { low: Math.max(low, high / DYNAMIC_RANGE), high, kind: 'log' };
}

const PANEL = { width: 330, height: 270, margins: { top: 12, right: 14, bottom: 44, left: 46 } } as const;

const PULL_DASH = '2 4';

/** A panel a pooling, a curve an alpha, those of push and pull alone in each. */
function profiles(inspection: LayerInspection): Svg {
  const { spectra, alphas, pools } = inspection;
  const curveOf = (plane: Float64Array) => radialProfile(plane, spectra.size);
  const alone = [
    { curve: curveOf(spectra.push), color: COLORS.ink, weight: 2.5 },
    { curve: curveOf(spectra.pull), color: COLORS.ink, dash: PULL_DASH },
  ];
  const panels = pools.map((pool, row) => ({
    heading: pool > 1 ? `pull pooled by ${poolText(pool)}` : poolText(pool),
    curves: [
      ...alphas.map((_, column) => ({
        curve: curveOf(spectra.pushPull[cellOf(inspection, row, column)]!),
        color: alphaColor(alphas, column),
      })),
      ...alone,
    ],
  }));
  const magnitudes = panels.flatMap(({ curves }) => curves.flatMap(({ curve }) => curve.magnitude));
  const scale: ValueScale = { low: floorOf(magnitudes), high: Math.max(...magnitudes) * 1.1, kind: 'log' };
  const drawn = panels.map(({ heading, curves }) => ({
    heading,
    svg: plot(
      {
        ...PANEL,
        label: `Mean Fourier magnitude over frequency, ${heading}`,
        x: [0, 0.5],
        y: scaleLog().domain([scale.low, scale.high]),
      },
      () => (
        <>
          <YAxis ticks={scaleTicks(scale)} />
          <XAxis ticks={[0, 0.1, 0.2, 0.3, 0.4, 0.5]} title="frequency, cycles a pixel" />
          {curves.map(({ curve: { frequency, magnitude }, ...style }) => (
            <Line
              points={frequency.map((x, i) => ({ x, y: Math.max(magnitude[i]!, scale.low) }))}
              cap="round"
              {...style}
            />
          ))}
        </>
      ),
    ),
  }));
  const svg = arrange(drawn, { columns: drawn.length, gap: 18, label: 'Fourier magnitude over frequency' });
  return withLineKey(svg, [
    { label: 'push alone', color: COLORS.ink },
    { label: 'pull alone', color: COLORS.ink, dash: PULL_DASH },
    ...alphas.map((alpha, column) => ({ label: alphaText(alpha), color: alphaColor(alphas, column) })),
  ]);
}

function floorOf(magnitudes: readonly number[]): number {
  const positive = magnitudes.filter((value) => value > 0);
  const high = Math.max(...positive, 1e-9);
  return Math.max(Math.min(...positive, high), high / DYNAMIC_RANGE);
}

/** Light to dark with growing alpha; the layer's own in the accent of models. */
export function alphaColor(alphas: LayerInspection['alphas'], column: number): string {
  if (alphas[column] === 'learned') return '#d1480c';
  const numbers = alphas.filter((alpha) => alpha !== 'learned');
  const rank = numbers.indexOf(alphas[column] as number);
  return cssColor(VIRIDIS, numbers.length > 1 ? 0.82 - (0.72 * rank) / (numbers.length - 1) : 0.4);
}
