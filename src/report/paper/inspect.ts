/** Figures 3 to 6 and 9 of the paper for one model. */
import path from 'node:path';
import { type FirstLayerOptions, readFirstLayer } from '../../analyze/first-layer.ts';
import {
  type InspectionOptions,
  type InspectionSummary,
  inspectLayer,
  type LayerInspection,
  summarizeInspection,
} from '../../analyze/inspection.ts';
import { summarizeAlpha } from '../../analyze/kernels.ts';
import { UserError } from '../../errors.ts';
import { writeFileAtomic } from '../../files/files.ts';
import { formatAlpha, plural } from '../format.ts';
import { accent } from '../theme.ts';
import { type CorruptionFigureOptions, corruptionFigure } from './corruptions.ts';
import {
  captioned,
  type FigureFormat,
  MODEL_FIGURES,
  type ModelFigure,
  type PaperFigure,
  writeFigures,
} from './figure.tsx';
import { kernelFigure } from './kernels.ts';

export interface InspectOptions extends InspectionOptions, FirstLayerOptions, CorruptionFigureOptions {
  /** Folder for the figures and `inspect.json`; made where it does not exist. */
  readonly out: string;
  /** Which figures; default: all that there is something to show for. */
  readonly figures?: readonly ModelFigure[];
  /** Default: both. */
  readonly formats?: readonly FigureFormat[];
  /** Sentences that stand under every figure: that an experiment was scaled down, say. */
  readonly conditions?: readonly string[];
  /** Draw every filter of a large layer in figure 3. Default: 64. */
  readonly allFilters?: boolean;
}

export interface InspectOutcome {
  /** Paths of all files that were written; `inspect.json` last. */
  readonly files: readonly string[];
  readonly summary: InspectionSummary;
  /** Figures that were left out, and why, in plain words. */
  readonly notes: readonly string[];
}

/**
 * Draws the paper's figures about one model, and writes the numbers behind them to `inspect.json`:
 * 3 push and pull kernels, 4 a noisy edge and its signal-to-noise ratio, 5 Fourier magnitudes over a grid of alpha and
 * pooling, 6 the histogram of alpha (of layers that learned it), 9 one image under all corruptions (with `image` or
 * `data`). Of a plain network, 3 to 5 show what push-pull would do to its filters.
 *
 * @param modelOrRun an ONNX file whose first layer is a convolution or a push-pull unit, or the folder of a run
 * @throws UserError when the model has no such layer, or a figure is asked for that needs what is not given
 */
export async function inspectModel(modelOrRun: string, options: InspectOptions): Promise<InspectOutcome> {
  const { out, figures: wanted, formats } = options;
  const layer = await readFirstLayer(modelOrRun, options);
  const inspection = inspectLayer(layer, options);
  const notes: string[] = [];
  const figures: PaperFigure[] = [];
  for (const figure of wanted ?? MODEL_FIGURES) {
    const omission = reasonToOmit(figure, inspection, options);
    if (omission === undefined) figures.push(...(await drawFigure(figure, inspection, options)));
    else if (wanted) throw new UserError(`${modelOrRun}: ${omission}`);
    else notes.push(omission);
  }
  const summary = summarizeInspection(inspection);
  const files = await writeFigures(figures, out, formats, options.conditions);
  const json = path.join(out, 'inspect.json');
  await writeFileAtomic(json, formatSummary(summary));
  return { files: [...files, json], summary, notes };
}

function reasonToOmit(
  figure: ModelFigure,
  { layer }: LayerInspection,
  { image, data }: InspectOptions,
): string | undefined {
  if (figure === 9 && image === undefined && data === undefined) {
    return 'figure 9 needs an image: --image FILE or --data DATA';
  }
  if (figure === 6 && layer.unit?.alphaIs !== 'learned') {
    return layer.unit
      ? `figure 6 shows learned alpha; here it is ${formatAlpha(layer.kernels.alpha![0]!)} for all filters`
      : 'figure 6 shows learned alpha, which a plain convolution has not';
  }
  return undefined;
}

async function drawFigure(
  figure: ModelFigure,
  inspection: LayerInspection,
  options: InspectOptions,
): Promise<PaperFigure[]> {
  // Scales and shapes take a while to load: only where something is drawn with them.
  switch (figure) {
    case 3:
      return [kernelFigure(inspection.layer, { all: options.allFilters })];
    case 4:
      return [await (await import('./edge.tsx')).edgeFigure(inspection)];
    case 5:
      return (await import('./spectra.tsx')).spectrumFigures(inspection);
    case 6:
      return [await alphaFigure(inspection)];
    case 9:
      return [await corruptionFigure(options)];
  }
}

async function alphaFigure({ layer }: LayerInspection): Promise<PaperFigure> {
  const { alphaHistogram } = await import('../charts/alpha.tsx');
  const alpha = layer.kernels.alpha!;
  const { filters, mean, min, max, negative } = summarizeAlpha(alpha);
  const svg = alphaHistogram(alpha, { width: 560, height: 300, label: layer.label, color: accent(0) });
  return {
    name: 'figure-6-alpha',
    svg: captioned(svg, `Learned α of ${layer.label}`, [
      `${plural(filters, 'filter')}: mean ${formatAlpha(mean)}, from ${formatAlpha(min)} to ${formatAlpha(max)}; ` +
        `${negative === 0 ? 'none is' : negative === 1 ? 'one is' : `${negative} are`} negative.`,
    ]),
  };
}

/** JSON with rows of numbers on one line, rounded to what single precision tells. */
function formatSummary(summary: InspectionSummary): string {
  const text = JSON.stringify(
    summary,
    (_, value) => (typeof value === 'number' ? Number(value.toPrecision(7)) : value),
    2,
  );
  return `${text.replace(/([[{])\n\s+([^[\]{}]*?)\n\s+([\]}])/g, (_, open: string, body: string, close: string) => `${open} ${body.replace(/\s+/g, ' ')} ${close}`)}\n`;
}
