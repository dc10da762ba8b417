/** Figure 5: what frequencies push, pull and push-pull kernels let through. */
import { cellOf, type LayerInspection } from '../../analyze/inspection.ts';
import { radialProfile } from '../../analyze/spectrum.ts';
import { arrange, openSvg, renderChart, type Svg } from '../charts/render.ts';
import { COLORS } from '../theme.ts';
import { captioned, label, type PaperFigure } from './figure.ts';
import { colorBar, cssColor, heatmap, scaleTicks, type ValueScale, VIRIDIS } from './heatmap.ts';
import { withLineKey } from './key.ts';
import { alphaText, poolText } from './words.ts';

/** Side of one spectrum, CSS pixels. */
const SIDE = 100;
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
    await profiles(inspection),
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
  const at = (row: number) => TOP + row * (SIDE + GAP);
  const parts: string[] = [];
  const spectrum = async (values: Float64Array, x: number, y: number) => {
    parts.push(await heatmap(values, spectra.size, scale, VIRIDIS, { x, y, width: SIDE, height: SIDE }));
  };
  for (const [row, [name, values]] of [
    ['push', spectra.push] as const,
    ['pull', spectra.pull] as const,
  ].entries()) {
    await spectrum(values, LEFT, at(row));
    parts.push(inside(LEFT, at(row), name));
  }
  parts.push(
    label(LEFT, TOP - 12, 'Kernels alone', { weight: 600 }),
    ...frequencyAxis(LEFT, at(1) + SIDE, 'x'),
  );
  parts.push(...frequencyAxis(LEFT, at(0), 'y'), ...frequencyAxis(LEFT, at(1), 'y'));
  for (const [row, pool] of pools.entries()) {
    parts.push(label(gridLeft - 34, at(row) + SIDE / 2 + 4, poolText(pool), { anchor: 'end', weight: 600 }));
    parts.push(...frequencyAxis(gridLeft, at(row), 'y'));
    for (const [column] of alphas.entries()) {
      const values = spectra.pushPull[cellOf(inspection, row, column)]!;
      await spectrum(values, gridLeft + column * (SIDE + GAP), at(row));
    }
  }
  for (const [column, alpha] of alphas.entries()) {
    const x = gridLeft + column * (SIDE + GAP);
    parts.push(label(x + SIDE / 2, TOP - 12, alphaText(alpha), { anchor: 'middle', weight: 600 }));
    parts.push(...frequencyAxis(x, at(pools.length - 1) + SIDE, 'x'));
  }
  parts.push(
    label(gridLeft, at(pools.length - 1) + SIDE + 34, 'horizontal and vertical frequency, cycles a pixel', {
      size: 11,
      color: COLORS.muted,
    }),
    colorBar(scale, VIRIDIS, { x: right + 18, y: TOP, height: rows * (SIDE + GAP) - GAP }, '|F|'),
  );
  const words = 'Fourier magnitudes of push, pull and push-pull kernels';
  return { text: `${openSvg(width, height, words)}${parts.join('')}</svg>`, width, height };
}

function inside(x: number, y: number, name: string): string {
  return label(x + 7, y + 16, name, { size: 12, weight: 600, color: COLORS.paper });
}

/** Ticks at -0.5, 0 and 0.5 along a side of a picture. */
function frequencyAxis(x: number, y: number, axis: 'x' | 'y'): string[] {
  const style = { size: 10, color: COLORS.muted } as const;
  return [-0.5, 0, 0.5].map((frequency) => {
    const along = (frequency + 0.5) * SIDE;
    const words = frequency === 0 ? '0' : frequency < 0 ? '−.5' : '.5';
    const shift = frequency === 0 ? 4 : frequency < 0 ? 8 : 0;
    return axis === 'x'
      ? label(x + along + (frequency === 0 ? 0 : frequency < 0 ? 7 : -5), y + 14, words, {
          ...style,
          anchor: 'middle',
        })
      : label(x - 5, y + along + shift, words, { ...style, anchor: 'end' });
  });
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

/** A panel a pooling, a curve an alpha, those of push and pull alone in each. */
async function profiles(inspection: LayerInspection): Promise<Svg> {
  const { spectra, alphas, pools } = inspection;
  const curveOf = (plane: Float64Array) => radialProfile(plane, spectra.size);
  const alone = [
    { name: 'push', curve: curveOf(spectra.push), color: COLORS.ink, dash: [1, 0], weight: 2.5 },
    { name: 'pull', curve: curveOf(spectra.pull), color: COLORS.ink, dash: [2, 4], weight: 2 },
  ];
  const panels = pools.map((pool, row) => ({
    heading: pool > 1 ? `pull pooled by ${poolText(pool)}` : poolText(pool),
    curves: [
      ...alphas.map((alpha, column) => ({
        name: alphaText(alpha),
        curve: curveOf(spectra.pushPull[cellOf(inspection, row, column)]!),
        color: alphaColor(alphas, column),
        dash: [1, 0],
        weight: 2,
      })),
      ...alone,
    ],
  }));
  const magnitudes = panels.flatMap(({ curves }) => curves.flatMap(({ curve }) => curve.magnitude));
  const scale: ValueScale = { low: floorOf(magnitudes), high: Math.max(...magnitudes) * 1.1, kind: 'log' };
  const drawn = [];
  for (const { heading, curves } of panels) {
    const svg = await renderChart(
      {
        layer: curves.map(({ curve, color, dash, weight }) => ({
          data: {
            values: curve.frequency.map((frequency, i) => ({
              frequency,
              magnitude: Math.max(curve.magnitude[i]!, scale.low),
            })),
          },
          mark: { type: 'line', color, strokeDash: dash, strokeWidth: weight, strokeCap: 'round' },
          encoding: {
            x: {
              field: 'frequency',
              type: 'quantitative',
              title: 'frequency, cycles a pixel',
              scale: { domain: [0, 0.5], nice: false },
              axis: {
                values: [0, 0.1, 0.2, 0.3, 0.4, 0.5],
                domain: true,
                domainColor: COLORS.faint,
                labelExpr: "format(datum.value, '~g')",
                labelFlush: false,
              },
            },
            y: {
              field: 'magnitude',
              type: 'quantitative',
              title: null,
              scale: { type: 'log', domain: [scale.low, scale.high], nice: false },
              axis: {
                grid: true,
                values: scaleTicks(scale),
                labelExpr: "format(datum.value, '~g')",
                labelOverlap: false,
              },
            },
          },
        })),
      },
      PANEL,
      `Mean Fourier magnitude over frequency, ${heading}`,
    );
    drawn.push({ svg, heading });
  }
  const key = [
    { label: 'push alone', color: COLORS.ink, dash: '1 0' },
    { label: 'pull alone', color: COLORS.ink, dash: '2 4' },
    ...alphas.map((alpha, column) => ({
      label: alphaText(alpha),
      color: alphaColor(alphas, column),
      dash: '1 0',
    })),
  ];
  const svg = arrange(drawn, { columns: drawn.length, gap: 18, label: 'Fourier magnitude over frequency' });
  return withLineKey(svg, key);
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
