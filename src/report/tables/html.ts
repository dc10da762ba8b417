/** A table as an HTML page that loads nothing; on a phone a table for each group of columns, one under another. */
import { escapeHtml as esc, MISSING } from '../format.ts';
import { signOf } from '../marks.ts';
import { styleSheet } from '../page/style/sheet.ts';
import { COLORS } from '../theme.ts';
import {
  type CellText,
  captionSentences,
  cellText,
  hasPaper,
  type PaperColumn,
  type PaperGroup,
  type PaperRow,
  type PaperTable,
  paperText,
} from './table.ts';

const RULES = `
main,footer{max-width:1240px}
header h1{color:${COLORS.ink};font-size:28px;letter-spacing:-.015em;margin-bottom:8px}
header{padding-bottom:24px}
.scaled{display:inline-block;margin:8px 0 0;padding:6px 12px;border-left:3px solid ${COLORS.worse};background:${COLORS.wash};font-size:14px}
.paper-table tbody th{padding-left:0;min-width:9.5em}
.paper-table td small{display:block;font-size:.82em;font-weight:400;color:${COLORS.muted};white-space:nowrap}
.paper-table tr.group th{padding-top:18px;font-size:1.08em;max-width:none;border-bottom:0}
.paper-table tr.row{border-bottom:0}
.paper-table tr.row td,.paper-table tr.row th{border-top:1px solid ${COLORS.rule}}
.paper-table tr.paper{border-bottom:0}
.paper-table tr.paper td,.paper-table tr.paper th{padding-top:0;color:${COLORS.muted};font-style:italic;font-weight:400}
.paper-table tr.row.has-paper td,.paper-table tr.row.has-paper th{padding-bottom:4px}
.paper-table tbody:last-child tr:last-child{border-bottom:1px solid ${COLORS.ink}}
.paper-table sup{font-size:.72em;line-height:0;margin-left:2px}
.paper-table tbody td,.paper-table tbody th{vertical-align:top}
.paper-table.few td small{display:inline;margin-left:6px;font-size:.92em}
.paper-table.few{width:auto;min-width:min(100%,520px)}
.paper-table.few th,.paper-table.few td{padding-left:18px;font-size:15px}
.paper-table.few tbody th,.paper-table.few thead th:first-child{padding-left:0}
.notes{margin:14px 0 0;padding:0;list-style:none}
.notes li{max-width:62em;font-size:13.5px;color:${COLORS.muted}}
figcaption{max-width:62em}
figcaption p{max-width:none;margin:0 0 6px}
.narrow .paper-table{table-layout:fixed;margin-bottom:28px}
.narrow .paper-table tbody th{min-width:0;font-size:13px;overflow-wrap:anywhere}
.narrow .paper-table thead th:first-child{width:34%;text-align:left;color:${COLORS.ink};font-weight:600;font-size:13px}
@media screen and (max-width:760px){.paper-table.results{font-size:12.5px}.paper-table.results thead th{font-size:11px}header h1{font-size:23px}}
@media print{@page{size:A4 landscape;margin:12mm}figure{break-inside:auto}.paper-table tbody{break-inside:avoid}header{padding-bottom:10pt}figcaption,.notes li{font-size:8pt;max-width:none}figcaption p{margin-bottom:2pt}footer{margin-top:10pt;padding:8pt 0 0;font-size:8pt}.paper-table.results{font-size:7pt}.paper-table.results thead th{font-size:6.6pt}tr.group{break-after:avoid}tr.row.has-paper{break-after:avoid}}
`;

export async function tableHtml(table: PaperTable): Promise<string> {
  const { columns, footnotes, scaled } = table;
  const sections = columnGroups(columns);
  const all = [...columns.keys()];
  const notes = footnotes.map((note, index) => `<li><sup>${index + 1}</sup> ${esc(note)}</li>`).join('');
  const narrow = sections
    .map((indices) => renderTable(table, indices, columns[indices[0]!]!.group))
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="generator" content="pushpull ${esc(table.version)}">
<title>${esc(table.title)}</title>
<style>${await styleSheet()}${RULES}</style>
</head>
<body>
<main>
<header>
<p class="kicker">Table ${table.which}</p>
<h1>${esc(table.title)}</h1>
${scaled ? `<p class="scaled">Scaled down: ${esc(scaled)}</p>\n` : ''}</header>
<figure><div class="wide scroll">${renderTable(table, all)}</div>
<div class="narrow">${narrow}</div>
${notes ? `<ol class="notes">${notes}</ol>\n` : ''}<figcaption>${captionSentences(table, true)
    .map((text) => `<p>${esc(text)}</p>`)
    .join('')}</figcaption></figure>
</main>
<footer>Made by pushpull ${esc(table.version)}. This page is complete in itself and loads nothing from anywhere.</footer>
</body>
</html>
`;
}

/** Indices of columns that stand in one group. */
function columnGroups(columns: readonly PaperColumn[]): number[][] {
  const groups: number[][] = [];
  for (const [index, { group }] of columns.entries()) {
    if (index > 0 && group === columns[index - 1]!.group) groups.at(-1)!.push(index);
    else groups.push([index]);
  }
  return groups;
}

/** The table with some of its columns; `corner` stands over the labels, and then no row of group names is drawn. */
function renderTable(table: PaperTable, indices: readonly number[], corner?: string): string {
  const columns = indices.map((index) => table.columns[index]!);
  const starts = columns.map(
    ({ group }, at) => corner === undefined && at > 0 && group !== columns[at - 1]!.group,
  );
  const named = corner === undefined && columns.some(({ group }) => group !== '');
  const groupRow = named
    ? `<tr class="groups"><td></td>${columnGroups(columns)
        .map((group) => {
          const { group: name } = columns[group[0]!]!;
          return name
            ? `<th colspan="${group.length}" scope="colgroup" class="first">${esc(name)}</th>`
            : `<td colspan="${group.length}"></td>`;
        })
        .join('')}</tr>`
    : '';
  const head = columns
    .map(
      ({ title, description }, at) =>
        `<th scope="col" title="${esc(description)}"${starts[at] ? ' class="first"' : ''}>${esc(title)}</th>`,
    )
    .join('');
  const bodies = table.groups.map((group) => groupBody(group, table, indices, starts));
  const few = columns.length <= 4 && corner === undefined ? ' few' : '';
  return (
    `<table class="results paper-table${few}"><thead>${groupRow}<tr><th>${esc(corner ?? '')}</th>${head}</tr></thead>` +
    `${bodies.join('')}</table>`
  );
}

function groupBody(
  { title, rows }: PaperGroup,
  table: PaperTable,
  indices: readonly number[],
  starts: readonly boolean[],
): string {
  const heading = title
    ? `<tr class="group"><th colspan="${indices.length + 1}" scope="rowgroup">${esc(title)}</th></tr>`
    : '';
  return `<tbody>${heading}${rows.map((row) => rowHtml(row, table, indices, starts)).join('')}</tbody>`;
}

function rowHtml(
  row: PaperRow,
  { columns }: PaperTable,
  indices: readonly number[],
  starts: readonly boolean[],
): string {
  const tag = row.isBaseline && row.label !== 'baseline' ? '<span class="tag">baseline</span>' : '';
  const marks = row.footnotes.map((note) => `<sup>${note + 1}</sup>`).join('');
  const detail = row.detail ? `<small>${esc(row.detail)}</small>` : '';
  const paper = hasPaper({ ...row, cells: indices.map((index) => row.cells[index]!) });
  const cells = indices.map((index, at) => {
    const cell = row.cells[index]!;
    const text = cellText(cell, columns[index]!);
    const classes = [
      starts[at] && 'first',
      !columns[index]!.group && 'metric',
      cell.mark,
      text.mean === MISSING && 'missing',
    ].filter(Boolean);
    return `<td${classes.length > 0 ? ` class="${classes.join(' ')}"` : ''}>${spread({ ...text, mean: `${text.mean}${cell.mark === 'better' ? '' : signOf(cell.mark)}` })}</td>`;
  });
  const classes = ['row', row.isBaseline && 'baseline', paper && 'has-paper'].filter(Boolean).join(' ');
  const own = `<tr class="${classes}"><th scope="row">${esc(row.label)}${marks}${tag}${detail}</th>${cells.join('')}</tr>`;
  if (!paper) return own;
  const printed = indices.map((index, at) => {
    const text = paperText(row.cells[index]!);
    return `<td${starts[at] ? ' class="first"' : ''}>${text ? spread(text) : ''}</td>`;
  });
  return `${own}<tr class="paper"><th scope="row">paper</th>${printed.join('')}</tr>`;
}

function spread({ mean, std }: CellText): string {
  return std === undefined ? mean : `${mean}<small>± ${std}</small>`;
}
