/** Intervals, tests against the baseline, and calibration. */
import { BENCHMARK_CORRUPTIONS } from '../../corrupt/index.ts';
import type { Result } from '../../evaluate/result.ts';
import type { ComparedModel, Comparison } from '../comparison.ts';
import {
  formatCount,
  formatFraction,
  formatInterval,
  formatP,
  formatPoints,
  formatPointsInterval,
  listWords,
  longName,
  MISSING,
  shortName,
} from '../format.ts';
import { SIGNIFICANT } from '../marks.ts';
import { COLORS } from '../theme.ts';
import { esc, scroll, swatch } from './markup.ts';

export function hasCertainty({ models }: Comparison): boolean {
  return models.some(({ statistics }) => statistics?.intervals ?? statistics?.calibration);
}

export function certaintySection({ models }: Comparison): string {
  return intervalTable(models) + testTable(models) + calibrationTable(models);
}

type MeasureName = 'error.clean' | 'mce.absolute' | 'partial.error';

/** Every model's errors with their intervals, drawn on one scale. */
function intervalTable(models: readonly ComparedModel[]): string {
  const known = models.filter(({ statistics }) => statistics?.intervals);
  const [first] = known;
  if (!first) return '';
  const { level, resamples } = first.statistics!.intervals!;
  const measures = (
    [
      ['error.clean', 'E, clean'],
      ['mce.absolute', 'absolute mCE, corrupted'],
      ['partial.error', 'measured cells, corrupted'],
    ] as const
  ).filter(([name]) => known.some(({ statistics }) => statistics!.intervals![name]));
  const ranges = measures.map(([name]) => {
    const all = known.flatMap(({ statistics }) => statistics!.intervals![name] ?? []);
    return [Math.min(...all), Math.max(...all)] as const;
  });
  const hasRatio = known.some(({ statistics }) => statistics!.intervals!['mce.baseline']);
  const head =
    measures.map(([, title]) => `<th scope="col" colspan="3" class="first">${title}</th>`).join('') +
    (hasRatio ? '<th scope="col" colspan="2" class="first">mrCE</th>' : '');
  const rows = known.map((model) => {
    const cells = measures.map(([name], index) => measureCells(model, name, ranges[index]!));
    const ratio = model.statistics!.intervals!['mce.baseline'];
    const ratioCells = hasRatio
      ? `<td class="first figure">${model.isBaseline ? '1' : formatFraction(model.metrics['mce.baseline'])}</td><td class="range">${ratio ? formatInterval(ratio) : ''}</td>`
      : '';
    return `<tr>${modelHead(model)}${cells.join('')}${ratioCells}</tr>`;
  });
  const table = `<table class="certain"><thead><tr><th scope="col">model</th>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return (
    `<figure class="tables"><h3>Errors with ${Math.round(100 * level)}% intervals</h3>${scroll(table, 'Errors with intervals')}` +
    `<figcaption>Bootstrap over test images, ${formatCount(resamples)} resamples; the lines of a column share one scale.</figcaption></figure>`
  );
}

function modelHead(model: ComparedModel): string {
  return `<th scope="row"${model.isBaseline ? ' class="baseline"' : ''}>${swatch(model)}${esc(model.label)}</th>`;
}

function measureCells(model: ComparedModel, name: MeasureName, range: readonly [number, number]): string {
  const value = model.metrics[name];
  const interval = model.statistics!.intervals![name];
  if (value === undefined || !interval) return `<td class="first missing" colspan="3">${MISSING}</td>`;
  return (
    `<td class="first figure">${formatFraction(value, name === 'error.clean' ? 3 : 4)}</td>` +
    `<td class="range">${formatInterval(interval)}</td><td class="whisker">${whisker(value, interval, range, model.color)}</td>`
  );
}

const WHISKER = { width: 120, height: 16, margin: 5 };

/** A dot and the line of its interval. */
function whisker(
  value: number,
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
  color: string,
): string {
  const { width, height, margin } = WHISKER;
  const place = (at: number) =>
    (margin + ((at - from) / Math.max(to - from, 1e-9)) * (width - 2 * margin)).toFixed(1);
  const middle = height / 2;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-hidden="true">` +
    `<line x1="0" x2="${width}" y1="${middle}" y2="${middle}" stroke="${COLORS.rule}"/>` +
    `<line x1="${place(low)}" x2="${place(high)}" y1="${middle}" y2="${middle}" stroke="${color}" stroke-width="2.5" stroke-linecap="round"/>` +
    `<circle cx="${place(value)}" cy="${middle}" r="4" fill="${color}"/></svg>`
  );
}

type Difference = NonNullable<NonNullable<Result['significance']>['clean' | 'corrupted']>;

/** Whether the models differ from the baseline by more than the choice of the images explains. */
function testTable(models: readonly ComparedModel[]): string {
  const tested = models.filter(({ statistics }) => statistics?.significance);
  if (tested.length === 0) return '';
  const rows = tested.map((model) => {
    const { clean, corrupted, ce } = model.statistics!.significance!;
    return `<tr>${modelHead(model)}${differenceCells(clean)}${differenceCells(corrupted)}<td class="words">${corruptionWords(ce)}</td></tr>`;
  });
  const head = ['clean', 'corrupted']
    .map((title) => `<th scope="colgroup" colspan="3" class="first">${title}</th>`)
    .join('');
  const columns =
    '<th scope="col" class="first">points</th><th scope="col" class="range">interval</th><th scope="col">p</th>'.repeat(
      2,
    );
  const table =
    `<table class="certain"><thead><tr class="groups"><td></td>${head}<td></td></tr>` +
    `<tr><th scope="col">model</th>${columns}<th scope="col" class="words">corruptions that differ</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return (
    `<figure class="tables"><h3>Differences to the baseline, image by image</h3>${scroll(table, 'Differences to the baseline with tests')}` +
    '<figcaption>Error minus the baseline’s on the same images, in percentage points: negative is better. Clean: McNemar’s exact test. ' +
    'Corrupted: sign-flip test of each image’s mean error. Corruptions: those whose p value, adjusted for all of them by Holm’s method, is below .05.</figcaption></figure>'
  );
}

function differenceCells(difference: Difference | undefined): string {
  if (!difference) return `<td class="first missing" colspan="3">${MISSING}</td>`;
  const tone = difference.p >= SIGNIFICANT ? '' : difference.difference < 0 ? ' better' : ' worse';
  return (
    `<td class="first figure change${tone}">${formatPoints(difference.difference)}</td>` +
    `<td class="range">${formatPointsInterval(difference.interval)}</td><td>${formatP(difference.p)}</td>`
  );
}

function corruptionWords(ce: NonNullable<Result['significance']>['ce']): string {
  const sure = Object.entries(ce).filter(([, { holm }]) => holm < SIGNIFICANT);
  const words = (wanted: (difference: number) => boolean, verb: string) => {
    const names = sure
      .filter(([, { difference }]) => wanted(difference))
      .map(([name]) => longName(name).replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()));
    return names.length > 0 ? `<span class="${verb}">${verb}</span> on ${esc(listWords(names))}` : '';
  };
  const parts = [
    words((difference) => difference < 0, 'better'),
    words((difference) => difference > 0, 'worse'),
  ];
  return parts.filter((part) => part !== '').join('; ') || 'none';
}

/** Expected calibration error, clean and by corruption. */
function calibrationTable(models: readonly ComparedModel[]): string {
  const known = models.filter(({ statistics }) => statistics?.calibration);
  const [first] = known;
  if (!first) return '';
  const corruptions = BENCHMARK_CORRUPTIONS.filter((name) =>
    known.some(({ statistics }) => statistics!.calibration!.corruptions[name] !== undefined),
  );
  const head = corruptions.map((name) => `<th scope="col">${esc(shortName(name))}</th>`).join('');
  const rows = known.map((model) => {
    const { clean, corrupted, corruptions: ece } = model.statistics!.calibration!;
    const heat = [clean, corrupted, ...corruptions.map((name) => ece[name])].map((value, index) =>
      value === undefined
        ? `<td class="missing">${MISSING}</td>`
        : `<td class="heat${index === 2 ? ' first' : ''}" style="--e:${Math.round(value * 200)}">${formatFraction(value)}</td>`,
    );
    return `<tr>${modelHead(model)}${heat.join('')}</tr>`;
  });
  const table = `<table class="heatmap"><thead><tr><th scope="col">model</th><th scope="col">clean</th><th scope="col">corrupted</th>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return (
    `<figure class="tables"><h3>Calibration error</h3>${scroll(table, 'Calibration error of every model')}` +
    `<figcaption>ECE over ${first.statistics!.calibration!.bins} equally wide bins: how far a network’s confidence is from the share of its answers that are right, in the mean. 0 is perfect; corrupted: mean over the cells of the benchmark.</figcaption></figure>`
  );
}
