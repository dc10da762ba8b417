/** The table of results: a row a model, sortable; turned for a phone where the models are few; and every cell. */
import { BENCHMARK_CORRUPTIONS } from '../../corrupt/index.ts';
import { type ComparedModel, type Comparison, corruptionError } from '../comparison.ts';
import type { ReportContent } from '../content.ts';
import { formatFraction, formatPoints, longName, MISSING, plural } from '../format.ts';
import { signOf } from '../marks.ts';
import { modelDetail, type ResultTable, type TableCell, type TableColumn } from '../table.ts';
import { cellTip } from '../tips.ts';
import { attributes, choice, esc, scroll, swatch, toggles } from './markup.ts';

/** As many models have room side by side on a phone; more are shown as rows there too, and scroll sideways. */
const MOST_UPRIGHT = 3;
/** From so many models on they can be picked by name. */
const LEAST_FILTERED = 7;

export function resultsSection(content: ReportContent): string {
  const { comparison, table, tableNotes } = content;
  const upright = table.rows.length <= MOST_UPRIGHT;
  const label = 'Errors of every model, clean and corrupted';
  return (
    `<figure class="tables" data-view="error">${controls(comparison, table)}` +
    scroll(wideTable(comparison, table), label, upright ? 'wide' : '') +
    (upright ? scroll(uprightTable(comparison, table), label, 'narrow') : '') +
    `<figcaption>${tableNotes.map(esc).join(' ')}</figcaption></figure>${everyCell(comparison)}`
  );
}

function controls({ baseline, models }: Comparison, { columns }: ResultTable): string {
  const groups = [...new Set(columns.map(({ group }) => group).filter((group) => group !== ''))];
  const views = [
    { value: 'error', label: 'error' },
    { value: 'ratio', label: '÷ baseline' },
    { value: 'points', label: '− baseline, points' },
  ];
  const filter =
    models.length >= LEAST_FILTERED
      ? '<label class="filter"><span>Models</span><input type="search" name="models" placeholder="part of a name" autocomplete="off"></label>'
      : '';
  return (
    '<form class="controls" hidden>' +
    (baseline && models.length > 1 ? choice('view', 'Corruptions as', views) : '') +
    toggles(
      'group',
      'Columns',
      groups.map((group) => ({ value: group, label: group })),
    ) +
    `${filter}</form>`
  );
}

/** The paper's form: a row a model. */
function wideTable(comparison: Comparison, { columns, rows }: ResultTable): string {
  const groups: { name: string; span: number }[] = [];
  for (const { group } of columns) {
    const last = groups.at(-1);
    if (last?.name === group) last.span++;
    else groups.push({ name: group, span: 1 });
  }
  const starts = columns.map(({ group }, index) => index > 0 && group !== columns[index - 1]!.group);
  const groupRow = groups
    .map(({ name, span }) =>
      name
        ? `<th${attributes({ colspan: span, scope: 'colgroup', class: 'first', 'data-group': name })}>${esc(name)}</th>`
        : `<td colspan="${span}"></td>`,
    )
    .join('');
  const head = columns
    .map(({ title, description, group }, index) => {
      const first = starts[index] ? 'first' : undefined;
      return `<th${attributes({ scope: 'col', title: description, class: first, 'data-group': group, 'data-sort': 'number' })}>${esc(title)}</th>`;
    })
    .join('');
  const body = rows.map(({ model, cells }) => {
    const tag = model.isBaseline && model.label !== 'baseline' ? '<span class="tag">baseline</span>' : '';
    return (
      `<tr${model.isBaseline ? ' class="baseline"' : ''}><th scope="row" data-name="${esc(model.label)}">${swatch(model)}` +
      `${esc(model.label)}${tag}<small>${esc(modelDetail(model))}</small></th>` +
      `${cells
        .map((cell, index) => {
          const column = columns[index]!;
          return tableCell(cell, column, cellTip(comparison, model, column, cell), [
            starts[index] && 'first',
            !column.group && 'metric',
          ]);
        })
        .join('')}</tr>`
    );
  });
  return (
    `<table class="results" data-sortable><thead><tr class="groups"><td></td>${groupRow}</tr>` +
    `<tr><th scope="col" data-sort="text">model</th>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`
  );
}

/** The same figures turned for a phone: a column a model. The corruptions can be sorted, the metrics stay on top. */
function uprightTable(comparison: Comparison, { columns, rows }: ResultTable): string {
  const head = rows
    .map(({ model }) => `<th scope="col" data-sort="number">${swatch(model)}${esc(model.label)}</th>`)
    .join('');
  const line = (column: TableColumn, index: number) => {
    const { key, title, group } = column;
    const cells = rows.map(({ model, cells: row }) =>
      tableCell(row[index]!, column, cellTip(comparison, model, column, row[index]!), [
        model.isBaseline && 'baseline',
      ]),
    );
    const name = group ? longName(key) : title;
    return `<tr${attributes({ 'data-group': group })}><th scope="row" data-name="${esc(name)}">${esc(name)}</th>${cells.join('')}</tr>`;
  };
  const metrics = columns.flatMap((column, index) => (column.group ? [] : [line(column, index)]));
  const corruptions = columns.flatMap((column, index) => {
    const { group } = column;
    if (!group) return [];
    const opens = group !== columns[index - 1]?.group;
    const heading = `<tr class="group" data-group="${esc(group)}"><th colspan="${rows.length + 1}" scope="rowgroup">${esc(group)}</th></tr>`;
    return [...(opens ? [heading] : []), line(column, index)];
  });
  return (
    `<table class="results upright" data-sortable><thead><tr><th scope="col" data-sort="text">corruption</th>${head}</tr></thead>` +
    `<tbody class="fixed">${metrics.join('')}</tbody><tbody>${corruptions.join('')}</tbody></table>`
  );
}

function tableCell(
  cell: TableCell,
  { group }: TableColumn,
  title: string,
  extra: readonly (string | false | undefined)[],
): string {
  const { value, reference } = cell;
  const classes = [...extra, cell.mark, cell.text === MISSING && 'missing'].filter(Boolean).join(' ');
  // Bold says better.
  const sign = cell.mark === 'better' ? '' : signOf(cell.mark);
  const related = group !== '' && value !== undefined && reference !== undefined;
  const data = {
    'data-value': exact(value),
    'data-reference': related ? exact(reference) : undefined,
    'data-ratio': related ? `${formatFraction(value / reference)}${sign}` : undefined,
    'data-points': related ? `${formatPoints(value - reference)}${sign}` : undefined,
  };
  return `<td${attributes({ class: classes, ...data, title })}>${cell.text}${cell.partial ? '†' : ''}${sign}</td>`;
}

/** A figure for the page's script to sort by, without the noise of binary fractions. */
function exact(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(Number(value.toPrecision(8)));
}

/** All errors as numbers, for who wants them without hovering, on paper and to copy. */
function everyCell({ models, extraCorruptions }: Comparison): string {
  const corruptions = [...BENCHMARK_CORRUPTIONS, ...extraCorruptions].filter((corruption) =>
    models.some(({ result }) => corruptionError(result, corruption)),
  );
  if (corruptions.length === 0) return '';
  const rows = corruptions.map((corruption) =>
    models
      .map((model, index) => {
        const first =
          index === 0
            ? `<th scope="rowgroup" rowspan="${models.length}">${esc(longName(corruption))}</th>`
            : '';
        return `<tr>${first}${cellRow(model, corruption)}</tr>`;
      })
      .join(''),
  );
  const cells = corruptions.reduce(
    (sum, corruption) =>
      sum +
      models.reduce(
        (count, { result }) => count + (corruptionError(result, corruption)?.severities.length ?? 0),
        0,
      ),
    0,
  );
  const head = ['1', '2', '3', '4', '5'].map((severity) => `<th scope="col">${severity}</th>`).join('');
  const table =
    `<table class="cells"><thead><tr class="groups"><td></td><td></td><th colspan="5" scope="colgroup">severity</th><td></td></tr>` +
    `<tr><th scope="col">corruption</th><th scope="col">model</th>${head}<th scope="col">mean</th></tr></thead>` +
    `${rows.map((row) => `<tbody>${row}</tbody>`).join('')}</table>`;
  return `<details class="fold"><summary>All ${plural(cells, 'measured cell')}, by severity</summary>${scroll(table, 'Errors by severity')}</details>`;
}

function cellRow(model: ComparedModel, corruption: string): string {
  const errors = model.result.errors[corruption] ?? [null, null, null, null, null];
  const cells = errors.map((error) => {
    const text = formatFraction(error, 4);
    return `<td${text === MISSING ? ' class="missing"' : ''}>${text}</td>`;
  });
  return (
    `<th scope="row"${model.isBaseline ? ' class="baseline"' : ''}>${swatch(model)}${esc(model.label)}</th>${cells.join('')}` +
    `<td class="mean">${formatFraction(corruptionError(model.result, corruption)?.value, 4)}</td>`
  );
}
