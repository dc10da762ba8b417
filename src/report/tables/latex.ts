/** A table as LaTeX, for the packages booktabs and graphicx. */
import { MISSING } from '../format.ts';
import type { Mark } from '../marks.ts';
import {
  type CellText,
  captionSentences,
  cellText,
  hasPaper,
  type PaperColumn,
  type PaperRow,
  type PaperTable,
  paperText,
  rowName,
} from './table.ts';

/**
 * A `table*` environment that is shrunk to the width of the text where it would be wider. Any LaTeX sets it; the
 * preamble needs `\usepackage{booktabs,graphicx}`.
 */
export function tableLatex(table: PaperTable): string {
  const { columns, groups, footnotes, which } = table;
  const width = columns.length + 1;
  const body = groups.flatMap(({ title, rows }, index) => [
    ...(index > 0 ? ['\\midrule'] : []),
    ...(title ? [`\\multicolumn{${width}}{l}{\\textbf{${escapeLatex(title)}}} \\\\`] : []),
    ...rows.flatMap((row) => [
      line([label(row), ...row.cells.map((cell, at) => ours(cellText(cell, columns[at]!), cell.mark))]),
      ...(hasPaper(row)
        ? [line(['\\quad\\textit{paper}', ...row.cells.map((cell) => theirs(paperText(cell)))])]
        : []),
    ]),
  ]);
  const head = groupHeads(columns);
  const notes = footnotes.map((note, index) => `\\textsuperscript{${index + 1}}\\,${escapeLatex(note)}`);
  return `${[
    '% \\usepackage{booktabs,graphicx}',
    '\\begin{table*}',
    '\\centering',
    `\\caption{\\textbf{${escapeLatex(table.title)}.} ${escapeLatex(captionSentences(table, true).join(' '))}}`,
    `\\label{tab:pushpull-${which}}`,
    ...(columns.length > 8 ? ['\\resizebox{\\textwidth}{!}{%'] : []),
    `\\begin{tabular}{l${columns.map(({ group }, index) => `${index > 0 && group !== columns[index - 1]!.group ? '@{\\hspace{1.2em}}' : ''}r`).join('')}}`,
    '\\toprule',
    ...head,
    line(['', ...columns.map(({ title }) => escapeLatex(title))]),
    '\\midrule',
    ...body,
    '\\bottomrule',
    `\\end{tabular}${columns.length > 8 ? '}' : ''}`,
    ...notes.map((note) => `\\par\\smallskip\\footnotesize ${note}`),
    '\\end{table*}',
  ].join('\n')}\n`;
}

/** The names of the column groups over thin rules. */
function groupHeads(columns: readonly PaperColumn[]): string[] {
  const spans: { group: string; first: number; last: number }[] = [];
  for (const [index, { group }] of columns.entries()) {
    const last = spans.at(-1);
    if (last?.group === group) last.last = index;
    else spans.push({ group, first: index, last: index });
  }
  const named = spans.filter(({ group }) => group !== '');
  if (named.length === 0) return [];
  const cells = spans.map(({ group, first, last }) =>
    group === ''
      ? Array.from({ length: last - first + 1 }, () => '')
      : [`\\multicolumn{${last - first + 1}}{c}{${escapeLatex(group)}}`],
  );
  // The first column of the table is the label, so a column's number in LaTeX is its index plus 2.
  const rules = named.map(({ first, last }) => `\\cmidrule(lr){${first + 2}-${last + 2}}`);
  return [line(['', ...cells.flat()]), rules.join(' ')];
}

function line(cells: readonly string[]): string {
  return `${cells.join(' & ')} \\\\`;
}

function label(row: PaperRow): string {
  const name = rowName(row);
  const text = escapeLatex(row.detail ? `${name} (${row.detail})` : name);
  const marks = row.footnotes.map((note) => `\\textsuperscript{${note + 1}}`).join('');
  return `${row.isBaseline ? `\\textit{${text}}` : text}${marks}`;
}

/** Behind a figure, in mathematics; bold says better. */
const LATEX_SIGNS: Readonly<Record<Mark, string>> = {
  better: '',
  ahead: '^\\circ',
  same: '',
  behind: '',
  worse: '^\\ddagger',
};

function ours({ mean, std }: CellText, mark: Mark | undefined): string {
  if (mean === MISSING) return '--';
  const figure =
    mark === 'better' ? `\\mathbf{${math(mean)}}` : `${math(mean)}${mark ? LATEX_SIGNS[mark] : ''}`;
  return std === undefined ? `$${figure}$` : `$${figure} \\pm ${math(std)}$`;
}

function theirs(text: CellText | undefined): string {
  if (!text) return '';
  return text.std === undefined
    ? `\\textit{${text.mean}}`
    : `\\textit{${text.mean}} $\\pm$ \\textit{${text.std}}`;
}

function math(figure: string): string {
  return figure.replaceAll('−', '-');
}

const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '#': '\\#',
  '%': '\\%',
  _: '\\_',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '<': '$<$',
  '>': '$>$',
  '|': '$|$',
  '"': "''",
  α: '$\\alpha$',
  β: '$\\beta$',
  '±': '$\\pm$',
  '−': '$-$',
  '×': '$\\times$',
  '·': '$\\cdot$',
  '–': '--',
  '—': '---',
  '“': '``',
  '”': "''",
  '’': "'",
  '…': '\\ldots{}',
  '°': '$^\\circ$',
  '‡': '$^\\ddagger$',
};

/** Text with every character that LaTeX would read as a command, or that a plain font lacks, written out. */
export function escapeLatex(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\{}$&#%_^~<>|"αβ±−×·–—“”’…°‡]/g, (character) => LATEX[character]!);
}
