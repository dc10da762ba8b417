/** The figures of a report, drawn for a wide page, for a phone, and with their titles inside for PNG files. */
import { summarizeAlpha } from '../analyze/kernels.ts';
import { CORRUPTION_GROUPS } from '../corrupt/index.ts';
import { alphaChart } from './charts/alpha.tsx';
import { corruptionChart } from './charts/corruptions.tsx';
import {
  type CurveOptions,
  measuredImages,
  severityChart,
  severityMaximum,
  trainingChart,
} from './charts/curves.tsx';
import { kernelPairs } from './charts/kernels.tsx';
import { arrange, type Svg, withTitle } from './charts/picture.tsx';
import { sampleSheet } from './charts/sample-sheet.tsx';
import type { ComparedModel, Comparison } from './comparison.ts';
import type { EncodedStrip } from './evidence/samples.ts';
import { formatAlpha, plural } from './format.ts';

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

export function drawFigures(comparison: Comparison, strip?: EncodedStrip): Figures {
  return {
    severity: severityFigure(comparison),
    groups: groupsFigure(comparison),
    corruptions: corruptionsFigure(comparison),
    samples: strip && samplesFigure(strip),
    training: trainingFigure(comparison),
    ...layerFigures(comparison),
  };
}

function severityFigure(comparison: Comparison): Figure | undefined {
  const wide = severityChart(comparison, { width: WIDE, height: 420 });
  const narrow = severityChart(comparison, { width: PHONE, height: 300, values: true });
  const title = 'Top-1 error against severity, mean over the corruptions';
  const sheet = severityChart(comparison, { width: 800, height: 440 });
  if (!wide || !narrow || !sheet) return undefined;
  return {
    wide: [{ svg: wide }],
    narrow: [{ svg: narrow }],
    sheet: withTitle(sheet, title),
    name: 'severity',
    alt: title,
  };
}

function groupsFigure(comparison: Comparison): Figure | undefined {
  const groups = (['noise', 'blur', 'weather', 'digital'] as const).map((name) => ({
    heading: name.charAt(0).toUpperCase() + name.slice(1),
    only: CORRUPTION_GROUPS[name] as readonly string[],
  }));
  // One axis for all four, so that heights can be compared across panels.
  const max = severityMaximum(
    comparison,
    groups.map(({ only }) => only),
  );
  const panels = (width: number, height: number) => {
    const drawn: Panel[] = [];
    for (const { heading, only } of groups) {
      const svg = severityChart(comparison, { width, height, only, max, small: true });
      if (svg) drawn.push({ svg, heading });
    }
    return drawn;
  };
  const small = panels(196, 160);
  if (small.length === 0) return undefined;
  const alt = 'Top-1 error against severity in each group of corruptions';
  const key = comparison.models.map(({ label, color }) => ({ label, color }));
  const sheet = arrange(panels(240, 190), { columns: 4, gap: 24, label: alt, title: alt, key });
  return { wide: small, sheet, name: 'severity-groups', alt };
}

function corruptionsFigure(comparison: Comparison): Figure | undefined {
  const title = 'Mean top-1 error on each corruption';
  const wide = corruptionChart(comparison, { width: WIDE + 40 });
  const narrow = corruptionChart(comparison, { width: PHONE });
  const sheet = corruptionChart(comparison, { width: 800 });
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

function trainingFigure(comparison: Comparison): Figure | undefined {
  const panels = (size: CurveOptions): Panel[] => {
    const error = trainingChart(comparison, 'testError', size);
    const loss = trainingChart(comparison, 'trainLoss', size);
    return [
      ...(error
        ? [{ svg: error, heading: `Error on clean ${measuredImages(comparison.models)} images` }]
        : []),
      ...(loss ? [{ svg: loss, heading: 'Loss on training images' }] : []),
    ];
  };
  const wide = panels({ width: 530, height: 320 });
  if (wide.length === 0) return undefined;
  const alt = 'The course of the training';
  const sheet = arrange(wide, { columns: 2, gap: 32, label: alt, title: alt });
  return {
    wide,
    narrow: panels({ width: PHONE, height: 260, values: true }),
    sheet,
    name: 'training',
    alt,
  };
}

function layerFigures(comparison: Comparison): Pick<Figures, 'alpha' | 'kernels'> {
  const alpha: Figures['alpha'][number][] = [];
  const kernels: Figures['kernels'][number][] = [];
  const learned = comparison.models.filter(({ run }) => run?.kernels);
  for (const [index, model] of learned.entries()) {
    const suffix = learned.length > 1 ? `-${index + 1}` : '';
    const layer = model.run!.kernels!;
    const svg = layer.alpha && alphaChart(model, { width: 400, height: 260 });
    if (svg) {
      const title = `Learned α of ${model.label}`;
      const sheet = alphaChart(model, { width: 560, height: 320 })!;
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
