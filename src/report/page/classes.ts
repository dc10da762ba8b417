/** Errors class by class: a table of all models, a heat map of each, and the classes taken for each other. */
import { BENCHMARK_CORRUPTIONS, CORRUPTION_GROUPS } from '../../corrupt/index.ts';
import type { ClassTable, ModelClasses } from '../classes.ts';
import {
  formatCount,
  formatFraction,
  formatPercent,
  formatPoints,
  longName,
  MISSING,
  shortName,
} from '../format.ts';
import { COLORS } from '../theme.ts';
import { tip } from '../tips.ts';
import { attributes, choice, esc, scroll, swatch } from './markup.ts';

/** Longer tables show this many of the worst and of the best classes; a button unfolds the rest. */
const WORST = 12;
const BEST = 6;
/** Models in the table and the heat maps: the baseline and the first others, fewer where classes are many. */
const MOST_MODELS = 6;
/** Without these bounds a page of many models and a thousand classes would weigh ten megabytes. */
const MOST_CELLS = 8000;
const MOST_HEAT_ROWS = { each: 100, together: 240 };

export function classesSection(table: ClassTable): string {
  const room = Math.max(2, Math.min(MOST_MODELS, Math.floor(MOST_CELLS / (3 * table.order.length))));
  const models = table.models.slice(0, room);
  const left = table.models.slice(room).map(({ model }) => model.label);
  const note =
    left.length > 0
      ? `<p class="small">Shown for the first ${room} models; left out: ${esc(left.join(', '))}.</p>`
      : '';
  return (
    `<div${models.length <= 2 ? ' class="beside"' : ''}>${overview(table, models)}${note}` +
    `${confusedTable(table, models)}</div>${heatMaps(table, models)}`
  );
}

/** A row a class; clean and corrupted error of every model. */
function overview(table: ClassTable, models: readonly ModelClasses[]): string {
  const { classes, images, order, baseline } = table;
  const columns = models.map((own) => ({
    own,
    clean: own.errors.clean !== undefined,
    corrupted: own.errors.corrupted !== undefined,
    compared: baseline !== undefined && own !== baseline && own.errors.corrupted !== undefined,
  }));
  const groups = columns.map(({ own, clean, corrupted, compared }) => {
    const span = [clean, corrupted, compared].filter(Boolean).length;
    return `<th colspan="${span}" scope="colgroup" class="first">${swatch(own.model)}${esc(own.model.label)}</th>`;
  });
  const head = columns.map(({ clean, corrupted, compared }) =>
    [clean && 'clean', corrupted && 'corrupted', compared && '− baseline']
      .filter((title) => title !== false)
      .map(
        (title, index) =>
          `<th scope="col" data-sort="number"${index === 0 ? ' class="first"' : ''}>${title}</th>`,
      )
      .join(''),
  );
  const rows = order.map((label) => {
    const cells = columns.map(({ own, clean, corrupted, compared }) => {
      const error = own.errors.corrupted?.[label];
      return (
        (clean ? errorCell(own.errors.clean![label]!, 'first') : '') +
        (corrupted ? errorCell(error!, clean ? '' : 'first') : '') +
        (compared ? changeCell(error! - baseline!.errors.corrupted![label]!) : '')
      );
    });
    return (
      `<tr><th scope="row" data-name="${esc(classes[label]!)}">${esc(classes[label]!)}</th>` +
      `<td data-value="${images[label]}">${formatCount(images[label]!)}</td>${cells.join('')}</tr>`
    );
  });
  const body =
    `<table class="classes" data-sortable data-fold="${WORST},${BEST}"><thead><tr class="groups"><td></td><td></td>${groups.join('')}</tr>` +
    `<tr><th scope="col" data-sort="text">class</th><th scope="col" data-sort="number">images</th>${head.join('')}</tr></thead>` +
    `<tbody>${rows.join('')}</tbody></table>`;
  return (
    `<figure class="tables long"><h3>Clean and corrupted</h3>${scroll(body, 'Errors of each class')}` +
    `<figcaption>${baseline && models.length > 1 ? 'At the right of a model, its error on corrupted images minus the baseline’s, in points.' : 'Fractions of 1.'}</figcaption></figure>`
  );
}

function errorCell(error: number, extra: string): string {
  const text = formatFraction(error);
  const known = text !== MISSING;
  return `<td${attributes({
    class: ['heat', extra, !known && 'missing'].filter(Boolean).join(' '),
    style: known ? `--e:${Math.round(error * 100)}` : undefined,
    'data-value': known ? round(error) : undefined,
  })}>${text}</td>`;
}

function changeCell(change: number): string {
  const text = formatPoints(change);
  return `<td${attributes({ class: `change ${tone(change)}`, 'data-value': text === MISSING ? undefined : round(change) })}>${text}</td>`;
}

function tone(change: number): string {
  const shown = Math.abs(change) < 0.0005 || Number.isNaN(change);
  return shown ? '' : change < 0 ? 'better' : 'worse';
}

function round(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** A heat map a model, class by corruption; with scripts one at a time. */
function heatMaps(table: ClassTable, models: readonly ModelClasses[]): string {
  const { baseline } = table;
  // What one looks at first is the model in question, not what it is compared with.
  const ordered = [...models].sort((a, b) => Number(a === baseline) - Number(b === baseline));
  const comparable = baseline !== undefined && models.length > 1;
  const controls =
    '<form class="controls" hidden>' +
    (ordered.length > 1
      ? choice(
          'panel',
          'Model',
          ordered.map(({ model }, index) => ({ value: String(index), label: model.label })),
        )
      : '') +
    (comparable
      ? choice('view', 'Shown as', [
          { value: 'error', label: 'error' },
          { value: 'points', label: '− baseline, points' },
        ])
      : '') +
    '</form>';
  const most = Math.min(MOST_HEAT_ROWS.each, Math.floor(MOST_HEAT_ROWS.together / models.length));
  const panels = ordered.map(
    (own, index) =>
      `<div data-panel="${index}"><h4>${swatch(own.model)}${esc(own.model.label)}</h4>${scroll(heatMap(table, own, most), `Error of ${own.model.label} by class and corruption`)}</div>`,
  );
  const { length } = table.order;
  const rows =
    length > most ? ` The ${most} classes with the largest errors, of ${formatCount(length)}.` : '';
  return (
    `<figure class="tables long" data-view="error"><h3>By corruption</h3>${controls}${panels.join('')}` +
    `<figcaption>Mean top-1 error over the severities; the darker, the larger.${comparable ? ' Relative to the baseline: green where errors are fewer, brown where they are more.' : ''}${rows}</figcaption></figure>`
  );
}

function heatMap({ classes, order, baseline }: ClassTable, own: ModelClasses, most: number): string {
  const { byCorruption } = own.errors;
  const groups = (['noise', 'blur', 'weather', 'digital'] as const)
    .map((name) => ({
      name,
      corruptions: CORRUPTION_GROUPS[name].filter((corruption) => byCorruption.has(corruption)),
    }))
    .filter(({ corruptions }) => corruptions.length > 0);
  const corruptions = BENCHMARK_CORRUPTIONS.filter((corruption) => byCorruption.has(corruption));
  const head = corruptions.map(
    (corruption) =>
      `<th scope="col" data-sort="number" data-group="${groupOf(corruption)}">${esc(shortName(corruption))}</th>`,
  );
  const rows = order.slice(0, most).map((label) => {
    const cells = corruptions.map((corruption) => {
      const error = byCorruption.get(corruption)![label]!;
      const reference = own === baseline ? undefined : baseline?.errors.byCorruption.get(corruption)?.[label];
      return heatCell(error, reference, `${classes[label]} · ${longName(corruption)}`, own, baseline);
    });
    return `<tr><th scope="row" data-name="${esc(classes[label]!)}">${esc(classes[label]!)}</th>${cells.join('')}</tr>`;
  });
  return (
    `<table class="heatmap" data-sortable data-fold="${WORST},${BEST}"><thead><tr class="groups"><td></td>${groups
      .map(({ name, corruptions: { length } }) => `<th colspan="${length}" scope="colgroup">${name}</th>`)
      .join('')}</tr>` +
    `<tr><th scope="col" data-sort="text">class</th>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`
  );
}

function groupOf(corruption: string): string {
  return Object.entries(CORRUPTION_GROUPS).find(([, names]) =>
    (names as readonly string[]).includes(corruption),
  )![0];
}

function heatCell(
  error: number,
  reference: number | undefined,
  what: string,
  { model }: ModelClasses,
  baseline: ModelClasses | undefined,
): string {
  const text = formatFraction(error, 2);
  if (text === MISSING) return `<td class="heat missing">${MISSING}</td>`;
  const change = reference === undefined ? undefined : error - reference;
  const style =
    `--e:${Math.round(error * 100)}` +
    (change === undefined
      ? ''
      : `;--d:${Math.min(100, Math.round(Math.abs(change) * 400))};--t:${change < 0 ? COLORS.better : COLORS.worse}`);
  const lines = [
    [model.label, formatPercent(error, 2)],
    ...(change === undefined
      ? []
      : [
          [baseline!.model.label, formatPercent(reference, 2)],
          ['difference', `${formatPoints(change, 2)} points`],
        ]),
  ];
  return `<td${attributes({
    class: 'heat',
    style,
    'data-value': round(error),
    'data-reference': reference === undefined ? undefined : round(reference),
    'data-points': change === undefined ? undefined : formatPoints(change, 0),
    title: tip(what, lines),
  })}>${text}</td>`;
}

/** Which classes are taken for which, most often first. */
function confusedTable({ confused }: ClassTable, models: readonly ModelClasses[]): string {
  if (confused.length === 0) return '';
  const hasClean = confused[0]!.shares.some(({ clean }) => clean !== undefined);
  const groups = models.map(
    ({ model }) =>
      `<th colspan="${hasClean ? 2 : 1}" scope="colgroup" class="first">${swatch(model)}${esc(model.label)}</th>`,
  );
  const head = models.map(
    () =>
      `${hasClean ? '<th scope="col" data-sort="number" class="first">clean</th>' : ''}<th scope="col" data-sort="number"${hasClean ? '' : ' class="first"'}>corrupted</th>`,
  );
  const rows = confused.map(({ label, predicted, shares }) => {
    const cells = models.map((_, index) => {
      const { clean, corrupted } = shares[index]!;
      return (
        (hasClean
          ? `<td class="first" data-value="${round(clean ?? 0)}">${formatPercent(clean ?? 0)}</td>`
          : '') +
        `<td class="heat" style="--e:${Math.round(corrupted * 100)}" data-value="${round(corrupted)}">${formatPercent(corrupted)}</td>`
      );
    });
    const name = `${label} → ${predicted}`;
    return `<tr><th scope="row" data-name="${esc(name)}">${esc(label)} <span class="arrow" aria-label="taken for">→</span> ${esc(predicted)}</th>${cells.join('')}</tr>`;
  });
  const table =
    `<table class="classes confused" data-sortable><thead><tr class="groups"><td></td>${groups.join('')}</tr>` +
    `<tr><th scope="col" data-sort="text">class → answer</th>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return (
    `<figure class="tables"><h3>Most often confused</h3>${scroll(table, 'Classes taken for each other')}` +
    '<figcaption>Share of the images of the first class that were answered with the second.</figcaption></figure>'
  );
}
