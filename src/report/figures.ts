/** The figures of a report, drawn for a wide page, for a phone, and with their titles inside for PNG files. */
import { summarizeAlpha } from '../analyze/kernels.ts';
import { CORRUPTION_GROUPS } from '../corrupt/index.ts';
import { alphaChart } from './charts/alpha.ts';
import { corruptionChart } from './charts/corruptions.ts';
import {
  type CurveOptions,
  measuredImages,
  severityChart,
  severityMaximum,
  trainingChart,
} from './charts/curves.ts';
import { kernelPairs } from './charts/kernels.ts';
import { arrange, type Svg, withTitle } from './charts/render.ts';
import type { ComparedModel, Comparison } from './comparison.ts';
import { formatAlpha, plural } from './format.ts';
import { type EncodedStrip, sampleSheet } from './samples.ts';

/** A figure drawn for each place where it appears. */
export interface Figure {
  /** On the page from 760 pixels up; several stand side by side. */
  readonly wide: readonly Panel[];
  /** On a phone; the wide one where absent. */
  readonly narrow?: readonly Panel[];
  /** With its title, as one picture. */
  readonly sheet: Svg;
  /** Name of the PNG file without its ending. */
  readonly name: string;
  readonly alt: string;
}

export interface Panel {
  readonly svg: Svg;
  readonly heading?: string;
}

export interface Figures {
  readonly severity?: Figure;
  readonly groups?: Figure;
  readonly corruptions?: Figure;
  readonly samples?: Figure;
  readonly training?: Figure;
  /** One for each push-pull model. */
  readonly alpha: readonly (Figure & { readonly model: ComparedModel; readonly summary: string })[];
  readonly kernels: readonly (Figure & { readonly model: ComparedModel })[];
}

/** Widths in pixels: of a chart that has the page's larger column, and of one that fits a phone. */
const WIDE = 660;
const PHONE = 343;

export async function drawFigures(comparison: Comparison, strip?: EncodedStrip): Promise<Figures> {
  return {
    severity: await severityFigure(comparison),
    groups: await groupsFigure(comparison),
    corruptions: await corruptionsFigure(comparison),
    samples: strip && samplesFigure(strip),
    training: await trainingFigure(comparison),
    ...(await layerFigures(comparison)),
  };
}

async function severityFigure(comparison: Comparison): Promise<Figure | undefined> {
  const wide = await severityChart(comparison, { width: WIDE, height: 420 });
  const narrow = await severityChart(comparison, { width: PHONE, height: 300, values: true });
  const title = 'Top-1 error against severity, mean over the corruptions';
  const sheet = await severityChart(comparison, { width: 800, height: 440 });
  if (!wide || !narrow || !sheet) return undefined;
  return {
    wide: [{ svg: wide }],
    narrow: [{ svg: narrow }],
    sheet: withTitle(sheet, title),
    name: 'severity',
    alt: title,
  };
}

async function groupsFigure(comparison: Comparison): Promise<Figure | undefined> {
  const groups = (['noise', 'blur', 'weather', 'digital'] as const).map((name) => ({
    heading: name.charAt(0).toUpperCase() + name.slice(1),
    only: CORRUPTION_GROUPS[name] as readonly string[],
  }));
  // One axis for all four, so that heights can be compared across panels.
  const max = severityMaximum(
    comparison,
    groups.map(({ only }) => only),
  );
  const panels = async (width: number, height: number) => {
    const drawn: Panel[] = [];
    for (const { heading, only } of groups) {
      const svg = await severityChart(comparison, { width, height, only, max, small: true });
      if (svg) drawn.push({ svg, heading });
    }
    return drawn;
  };
  const small = await panels(196, 160);
  if (small.length === 0) return undefined;
  const alt = 'Top-1 error against severity in each group of corruptions';
  const key = comparison.models.map(({ label, color }) => ({ label, color }));
  const sheet = arrange(await panels(240, 190), { columns: 4, gap: 24, label: alt, title: alt, key });
  return { wide: small, sheet, name: 'severity-groups', alt };
}

async function corruptionsFigure(comparison: Comparison): Promise<Figure | undefined> {
  const title = 'Mean top-1 error on each corruption';
  const wide = await corruptionChart(comparison, { width: WIDE + 40 });
  const narrow = await corruptionChart(comparison, { width: PHONE });
  const sheet = await corruptionChart(comparison, { width: 800 });
  if (!wide || !narrow || !sheet) return undefined;
  return {
    wide: [{ svg: wide }],
    narrow: [{ svg: narrow }],
    sheet: withTitle(sheet, title),
    name: 'corruptions',
    alt: title,
  };
}

function samplesFigure(strip: EncodedStrip): Figure {
  const alt = `One image under ${plural(strip.groups.flatMap(({ corruptions }) => corruptions).length, 'corruption')}`;
  const sheet = sampleSheet(strip, `Corrupted samples: ${strip.caption}`);
  return { wide: [{ svg: sheet }], sheet, name: 'samples', alt };
}

async function trainingFigure(comparison: Comparison): Promise<Figure | undefined> {
  const panels = async (size: CurveOptions): Promise<Panel[]> => {
    const error = await trainingChart(comparison, 'testError', size);
    const loss = await trainingChart(comparison, 'trainLoss', size);
    return [
      ...(error
        ? [{ svg: error, heading: `Error on clean ${measuredImages(comparison.models)} images` }]
        : []),
      ...(loss ? [{ svg: loss, heading: 'Loss on training images' }] : []),
    ];
  };
  const wide = await panels({ width: 530, height: 320 });
  if (wide.length === 0) return undefined;
  const alt = 'The course of the training';
  const sheet = arrange(wide, { columns: 2, gap: 32, label: alt, title: alt });
  return {
    wide,
    narrow: await panels({ width: PHONE, height: 260, values: true }),
    sheet,
    name: 'training',
    alt,
  };
}

async function layerFigures(comparison: Comparison): Promise<Pick<Figures, 'alpha' | 'kernels'>> {
  const alpha: Figures['alpha'][number][] = [];
  const kernels: Figures['kernels'][number][] = [];
  const learned = comparison.models.filter(({ run }) => run?.kernels);
  for (const [index, model] of learned.entries()) {
    const suffix = learned.length > 1 ? `-${index + 1}` : '';
    const layer = model.run!.kernels!;
    const svg = layer.alpha && (await alphaChart(model, { width: 400, height: 260 }));
    if (svg) {
      const title = `Learned α of ${model.label}`;
      const sheet = (await alphaChart(model, { width: 560, height: 320 }))!;
      const summary = describeAlpha(layer.alpha!);
      alpha.push({
        wide: [{ svg }],
        sheet: withTitle(sheet, title),
        name: `alpha${suffix}`,
        alt: title,
        model,
        summary,
      });
    }
    const pairs = kernelPairs(layer).map((pair) => ({ svg: pair }));
    const title = `Push and pull kernels of ${model.label}`;
    const sheet = arrange(pairs, { columns: 8, gap: 16, label: title, title });
    kernels.push({ wide: pairs, sheet, name: `kernels${suffix}`, alt: title, model });
  }
  return { alpha, kernels };
}

function describeAlpha(alpha: Float32Array): string {
  const { filters, mean, min, max, negative } = summarizeAlpha(alpha);
  const sign = negative === 0 ? 'none turned negative' : `${plural(negative, 'filter')} turned negative`;
  return `Over ${plural(filters, 'filter')}: mean ${formatAlpha(mean)}, from ${formatAlpha(min)} to ${formatAlpha(max)}; ${sign}.`;
}
