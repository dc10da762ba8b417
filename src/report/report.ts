/** Puts a report together in memory. */
import type { Predictions } from '../evaluate/result/predictions.ts';
import type { Result } from '../evaluate/result/schema.ts';
import { plural } from '../words.ts';
import { type Comparison, compare, type RunEvidence } from './comparison.ts';
import { withStatistics } from './content/certainty.ts';
import { classTable } from './content/classes.ts';
import type { ReportContent } from './content/content.ts';
import { headline } from './content/headline.ts';
import { provenance } from './content/provenance.ts';
import { metricRows, resultTable } from './content/results-table.ts';
import type { Seeds } from './content/seeds.ts';
import { tableNotes } from './content/text.ts';
import { encodeFailures, type FailureGroup } from './evidence/failures.ts';
import { encodeStrip, type SampleStrip } from './evidence/samples.ts';
import type { Figure, Figures } from './figures.ts';
import { renderMarkdown } from './markdown.ts';
import { renderHtml } from './page/page.tsx';

export interface ReportInput {
  readonly title?: string;
  /** One of the results; default: the one whose variant is "baseline". */
  readonly baseline?: Result;
  /** Of networks that were trained several times: the headline and its figures are of the means over these. */
  readonly seeds?: Seeds;
  /** What is known about how a model was trained and what it learned. */
  readonly runs?: ReadonlyMap<Result, RunEvidence>;
  /** One image under every corruption; see `makeSampleStrip`. */
  readonly samples?: SampleStrip;
  /** The models' answers to single images, for the errors class by class; see `findPredictions`. */
  readonly predictions?: ReadonlyMap<Result, Predictions>;
  /** Images that models get wrong; see `findFailures`. */
  readonly failures?: readonly FailureGroup[];
  /** Why something is left out, in plain words; printed with the report. */
  readonly omissions?: readonly string[];
  /** The commands that were given; derived from the stored settings where absent. */
  readonly commands?: readonly string[];
}

/** A report before it is written. */
export interface Report {
  readonly html: string;
  readonly markdown: string;
  /** Drawn with their titles, for PNG files that `markdown` refers to as `charts/<name>.png`. */
  readonly figures: readonly Figure[];
  /** One sentence with numbers. */
  readonly headline: string;
}

/** Folder of the PNG files, relative to the Markdown file. */
export const CHART_FOLDER = 'charts';

/**
 * The report on `results`, of which one may be the baseline that the others are compared with.
 *
 * @throws UserError when the results do not belong together
 */
export async function composeReport(results: readonly Result[], input: ReportInput = {}): Promise<Report> {
  // Scales and shapes of charts take a while to load: only where something is drawn.
  const { drawFigures } = await import('./figures.ts');
  const comparison = withStatistics(compare(results, input), input.predictions);
  const strip = input.samples && (await encodeStrip(input.samples));
  const table = resultTable(comparison);
  const content: ReportContent = {
    title: input.title ?? defaultTitle(comparison),
    kicker: kicker(comparison),
    comparison,
    headline: headline(comparison, input.seeds),
    table,
    tableNotes: tableNotes(comparison, table),
    metrics: metricRows(comparison),
    figures: drawFigures(comparison, strip),
    strip,
    classes: classTable(comparison, input.predictions),
    failures: await encodeFailures(input.failures ?? []),
    omissions: input.omissions ?? [],
    provenance: provenance(comparison, input.commands),
    version: comparison.models[0]!.result.environment.pushpull,
  };
  return {
    html: await renderHtml(content),
    markdown: renderMarkdown(content, CHART_FOLDER),
    figures: listFigures(content.figures),
    headline: content.headline.sentence,
  };
}

function listFigures({ alpha, kernels, ...single }: Figures): Figure[] {
  return [...Object.values(single), ...alpha, ...kernels].filter((figure) => figure !== undefined);
}

function defaultTitle({ models, baseline }: Comparison): string {
  const { data } = models[0]!.result;
  const pushpull = models.some(({ result }) => /^push-?pull/.test(result.model.variant));
  return baseline && pushpull
    ? `Push-pull against image corruptions on ${data.name}`
    : `Under image corruptions on ${data.name}`;
}

function kicker({ models }: Comparison): string {
  const { data, clean, environment } = models[0]!.result;
  const names = [...new Set(models.map(({ result }) => result.model.name))];
  const who = names.length <= 2 ? names.join(', ') : `${names.length} networks`;
  return `${data.name} · ${plural((clean ?? data).images, `${data.split} image`)} · ${who} · ${environment.date.slice(0, 10)}`;
}
