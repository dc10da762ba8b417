/** What a reader should take away: one sentence with numbers, four figures, and where it helps and hurts. */
import { BENCHMARK_CORRUPTIONS } from '../../corrupt/index.ts';
import {
  type ComparedModel,
  type Comparison,
  commonErrors,
  imagesPerCell,
  measuredCells,
} from '../comparison.ts';
import {
  capitalize,
  formatFraction,
  formatP,
  formatPercent,
  formatPoints,
  listWords,
  MISSING,
  plural,
} from '../format.ts';
import { SIGNIFICANT } from '../marks.ts';
import { type OverSeeds, overSeeds, type Seeds } from './seeds.ts';

export interface Headline {
  /** One sentence. */
  readonly sentence: string;
  /** Mean error on corrupted images against the baseline; `none` without one. */
  readonly verdict: 'better' | 'worse' | 'same' | 'none';
  readonly figures: readonly Figure[];
  /** Sentences on where the difference comes from. */
  readonly details: readonly string[];
}

export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly tone: 'better' | 'worse' | 'neutral';
}

/**
 * The headline of a comparison. It says so just as plainly when the compared network is worse.
 *
 * @param seeds of the networks that were trained several times: then it is about the means over them
 */
export function headline(shown: Comparison, seeds?: Seeds): Headline {
  const over = overSeeds(shown, seeds);
  const comparison = over?.comparison ?? shown;
  const { baseline, best, models } = comparison;
  if (!baseline || !best) return withoutBaseline(models);
  const pair = corruptedPair(best, baseline);
  const clean = cleanPair(best, baseline);
  const verdict = pair ? direction(pair.value, pair.reference) : 'none';
  const uncertain = pair && verdict !== 'same' ? (over ? seedDoubt(over) : doubt(best, pair)) : '';
  const sentence = `${compose(comparison, best, pair, clean, verdict)}${uncertain}.`;
  return {
    sentence: over ? `Over ${plural(over.count, 'seed')}: ${uncapitalize(sentence)}` : sentence,
    verdict,
    figures: figures(best, baseline, pair, over && `mean of ${plural(over.count, 'seed')}`),
    details: pair ? whereFrom(comparison, best, baseline) : [],
  };
}

function uncapitalize(text: string): string {
  return text.replace(/^(Push-pull|Baseline|Of|None|No|Neither)\b/, (word) => word.toLowerCase());
}

/** Both models' error on clean images; undefined where one has none, as with a corrupted set alone. */
function cleanPair(model: ComparedModel, baseline: ComparedModel): readonly [number, number] | undefined {
  const clean = model.metrics['error.clean'];
  const clean0 = baseline.metrics['error.clean'];
  return clean === undefined || clean0 === undefined ? undefined : [clean, clean0];
}

function cleanChange(clean: number, clean0: number) {
  const trend = direction(clean, clean0);
  const text = {
    better: `falls from ${formatPercent(clean0)} to ${formatPercent(clean)}`,
    worse: `rises from ${formatPercent(clean0)} to ${formatPercent(clean)}`,
    same: `stays at ${formatPercent(clean)}`,
  }[trend];
  return { trend, text };
}

interface CorruptedPair {
  readonly value: number;
  readonly reference: number;
  readonly ratio: number | undefined;
  /** Cells of the 15 × 5 grid behind both means; 75 makes them the absolute mCE. */
  readonly cells: number;
}

/** Both models' mean error over the cells that both have measured. */
function corruptedPair(model: ComparedModel, baseline: ComparedModel): CorruptedPair | undefined {
  const value = model.metrics['mce.absolute'];
  const reference = baseline.metrics['mce.absolute'];
  if (value !== undefined && reference !== undefined) {
    return { value, reference, ratio: model.metrics['mce.baseline'], cells: 75 };
  }
  const rows = BENCHMARK_CORRUPTIONS.flatMap((corruption) => {
    const row = model.result.errors[corruption] ?? [];
    const row0 = baseline.result.errors[corruption] ?? [];
    const cells = row.flatMap((error, index) => {
      const error0 = row0[index] ?? null;
      return error === null || error0 === null ? [] : [{ error, error0 }];
    });
    if (cells.length === 0) return [];
    const total = (key: 'error' | 'error0') => cells.reduce((sum, cell) => sum + cell[key], 0) / cells.length;
    return [{ value: total('error'), reference: total('error0'), cells: cells.length }];
  });
  if (rows.length === 0) return undefined;
  const mean = (key: 'value' | 'reference') => rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
  return {
    value: mean('value'),
    reference: mean('reference'),
    ratio: model.metrics['partial.baseline'],
    cells: rows.reduce((sum, row) => sum + row.cells, 0),
  };
}

/** Better, worse or the same, judged on the percentages as they are printed. */
function direction(value: number, reference: number): 'better' | 'worse' | 'same' {
  if (formatPercent(value) === formatPercent(reference)) return 'same';
  return value < reference ? 'better' : 'worse';
}

function compose(
  { models }: Comparison,
  best: ComparedModel,
  pair: CorruptedPair | undefined,
  cleanErrors: readonly [number, number] | undefined,
  verdict: Headline['verdict'],
): string {
  const rivals = models.filter((model) => !model.isBaseline).length;
  const subject = rivals > 1 ? `Of ${rivals} models ${best.label} does best: it` : capitalize(best.label);
  const clean = cleanErrors && cleanChange(...cleanErrors);
  if (!pair) {
    return clean
      ? `No corrupted images were measured; on clean images the error of ${best.label} ${clean.text}`
      : 'Neither clean nor corrupted images were measured by both';
  }
  const cells =
    pair.cells === 75 ? '' : ` (over the ${pair.cells} of 75 cells that both have measured, no mCE)`;
  const measure = pair.cells === 75 ? ' (absolute mCE)' : '';
  const ratio = pair.cells === 75 && pair.ratio !== undefined ? ` (mrCE ${formatFraction(pair.ratio)})` : '';
  const agree = verdict === 'same' || clean?.trend === 'same' || verdict === clean?.trend;
  const rest = clean ? `, ${agree ? 'and' : 'but'} its error on clean images ${clean.text}` : '';
  const range = `${formatPercent(pair.reference)} to ${formatPercent(pair.value)}`;
  switch (verdict) {
    case 'better':
      return `${subject} cuts the mean error on corrupted images${measure}${cells} from ${range}${ratio}${rest}`;
    case 'worse': {
      const failure =
        rivals > 1
          ? `None of the ${rivals} models helps here: with ${best.label}, the best of them,`
          : `${subject} does not help here:`;
      return `${failure} the mean error on corrupted images${measure}${cells} rises from ${range}${ratio}${rest}`;
    }
    default:
      return `${subject} makes no difference on corrupted images${cells}: the mean error${measure} stays at ${formatPercent(pair.value)}${ratio}${rest}`;
  }
}

/**
 * Says so when chance alone can make the difference on corrupted images: by the test of both models' answers to the
 * same images, where those are known. Else by two standard errors as if the models had seen different images and all
 * corrupted versions of an image fell together, which is the most that chance does; what passes may still be that of the
 * training seed.
 */
function doubt(best: ComparedModel, pair: CorruptedPair): string {
  const images = imagesPerCell(best.result)?.min;
  if (!images) return '';
  const test = best.statistics?.significance?.corrupted;
  if (test) {
    if (test.p < SIGNIFICANT) return '';
    return `; on ${plural(test.images, 'image')} that difference on corrupted images is within chance (p\u00a0=\u00a0${formatP(test.p)})`;
  }
  const variance = pair.value * (1 - pair.value) + pair.reference * (1 - pair.reference);
  const standardError = Math.sqrt(variance / images);
  if (Math.abs(pair.value - pair.reference) >= 2 * standardError) return '';
  return `; with ${plural(images, 'image')} a cell chance alone may make that difference on corrupted images, and the answers that could tell are not there`;
}

/** The same over several seeds: by how the differences of paired seeds scatter. */
function seedDoubt({ count, test }: OverSeeds): string {
  if (!test) return '; no seed is paired with the same seed of the baseline, so chance was not judged';
  if (test.p < SIGNIFICANT) return '';
  return `; over ${plural(count, 'seed')} that difference on corrupted images is within chance (p\u00a0=\u00a0${formatP(test.p)})`;
}

function figures(
  best: ComparedModel,
  baseline: ComparedModel,
  pair: CorruptedPair | undefined,
  seeds: string | undefined,
): readonly Figure[] {
  const list: Figure[] = [];
  if (pair) {
    const full = pair.cells === 75;
    list.push({
      label: full
        ? 'Error on corrupted images (absolute mCE)'
        : `Error on corrupted images (${pair.cells} of 75 cells)`,
      value: formatPercent(pair.value),
      note: `${formatPercent(pair.reference)} baseline · ${formatPoints(pair.value - pair.reference)} points`,
      tone: tone(pair.value - pair.reference),
    });
  }
  const errors = cleanPair(best, baseline);
  if (errors) {
    const [clean, clean0] = errors;
    list.push({
      label: 'Error on clean images (E)',
      value: formatPercent(clean),
      note: `${formatPercent(clean0)} baseline · ${formatPoints(clean - clean0)} points`,
      tone: tone(clean - clean0),
    });
  }
  if (pair?.ratio !== undefined) {
    list.push({
      label:
        pair.cells === 75 ? 'Relative to the baseline (mrCE)' : 'Relative to the baseline (no full mrCE)',
      value: formatFraction(pair.ratio),
      note: 'mean ratio of the errors; below 1 is better',
      tone: tone(pair.ratio - 1),
    });
  }
  const net = best.metrics['rnet.beta1'];
  if (net !== undefined) {
    list.push({
      label: 'Net gain (R_net, β = 1)',
      value: `${formatPoints(net)}%`,
      note: 'clean and corrupted weighed alike',
      tone: tone(-net),
    });
  }
  return seeds ? list.map((figure) => ({ ...figure, note: `${figure.note} · ${seeds}` })) : list;
}

/** Errors: negative is better. What prints as zero is neutral. */
function tone(difference: number): Figure['tone'] {
  if (Math.abs(difference) < 0.0005) return 'neutral';
  return difference < 0 ? 'better' : 'worse';
}

/** On the figures that the chart of the corruptions shows. */
function whereFrom({ models }: Comparison, best: ComparedModel, baseline: ComparedModel): string[] {
  const changes = BENCHMARK_CORRUPTIONS.flatMap((corruption) => {
    const errors = commonErrors(models, corruption);
    return errors
      ? [{ corruption, change: errors[models.indexOf(best)]! - errors[models.indexOf(baseline)]! }]
      : [];
  }).sort((a, b) => a.change - b.change);
  if (changes.length === 0) return [];
  const name = (entry: { corruption: string; change: number }) =>
    `${entry.corruption.replaceAll('_', ' ').replace('jpeg', 'JPEG').replace('gaussian', 'Gaussian')} (${formatPoints(entry.change)} points)`;
  const improved = changes.filter(({ change }) => change <= -0.0005);
  const worsened = changes.filter(({ change }) => change >= 0.0005).reverse();
  const details: string[] = [
    `${capitalize(best.label)} is better than the baseline on ${improved.length} of ${changes.length} corruptions and worse on ${worsened.length}.`,
  ];
  if (improved.length > 0) details.push(`It gains most on ${listWords(improved.slice(0, 3).map(name))}.`);
  if (worsened.length > 0) details.push(`It loses most on ${listWords(worsened.slice(0, 3).map(name))}.`);
  return details;
}

function withoutBaseline(models: readonly ComparedModel[]): Headline {
  const [model] = models;
  const { metrics, result } = model!;
  const error = metrics['error.clean'];
  const clean = formatPercent(error);
  const mce = metrics['mce.absolute'];
  const partial = metrics['partial.error'];
  const ones = error === undefined ? 'images' : 'ones';
  const corrupted =
    mce !== undefined
      ? `${formatPercent(mce)} of corrupted ${ones} (absolute mCE)`
      : partial !== undefined
        ? `${formatPercent(partial)} of corrupted ${ones} (over ${measuredCells(result)} of 75 cells, no mCE)`
        : 'no corrupted ones were measured';
  const joint = mce === undefined && partial === undefined ? '; ' : ' and ';
  return {
    sentence:
      error === undefined
        ? `${capitalize(model!.label)} gets ${corrupted} wrong; no clean images were measured.`
        : `${capitalize(model!.label)} gets ${clean} of clean images wrong${joint}${corrupted}.`,
    verdict: 'none',
    figures: [
      { label: 'Error on clean images (E)', value: clean, note: result.data.name, tone: 'neutral' as const },
      {
        label:
          mce === undefined
            ? 'Error on corrupted images (part of the grid)'
            : 'Error on corrupted images (absolute mCE)',
        value: formatPercent(mce ?? partial),
        note: 'absolute, not normalised',
        tone: 'neutral' as const,
      },
    ].filter(({ value }) => value !== MISSING),
    details: ['No baseline was given, so nothing is compared: add one with --baseline RESULT.json.'],
  };
}
