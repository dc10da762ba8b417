/** A table as LaTeX, for the packages booktabs and graphicx. */
import { columnGroups } from '../../columns.ts';
import { MISSING } from '../../format.ts';
import type { Mark } from '../../marks.ts';
import { captionSentences, type PaperTable, type TableColumn } from '../table.ts';
import { lineName, type PrintedCell, type PrintedLine, printedLines } from './printed.ts';

/**
 * A `table*` environment that is shrunk to the width of the text where it would be wider. Any LaTeX sets it; the
 * preamble needs `\usepackage{booktabs,graphicx}`.
 */
export function tableLatex(table: PaperTable): string {
  const { columns, footnotes, which } = table;
  const alignment = columnGroups(columns).map(({ indices }) => 'r'.repeat(indices.length));
  const notes = footnotes.map((note, index) => `\\textsuperscript{${index + 1}}\\,${escapeLatex(note)}`);
  return `${[
    '% \\usepackage{booktabs,graphicx}',
    '\\begin{table*}',
    '\\centering',
    `\\caption{\\textbf{${escapeLatex(table.title)}.} ${escapeLatex(captionSentences(table, true).join(' '))}}`,
    `\\label{tab:pushpull-${which}}`,
    ...(columns.length > 8 ? ['\\resizebox{\\textwidth}{!}{%'] : []),
    `\\begin{tabular}{l${alignment.join('@{\\hspace{1.2em}}')}}`,
    '\\toprule',
    ...groupHeads(columns),
    cells(['', ...columns.map(({ title }) => escapeLatex(title))]),
    '\\midrule',
    ...printedLines(table).flatMap((line, index) => written(line, index, columns.length)),
    '\\bottomrule',
    `\\end{tabular}${columns.length > 8 ? '}' : ''}`,
    ...notes.map((note) => `\\par\\smallskip\\footnotesize ${note}`),
    '\\end{table*}',
  ].join('\n')}\n`;
}

function written(line: PrintedLine, index: number, columns: number): string[] {
  switch (line.kind) {
    case 'heading': {
      const heading = `\\multicolumn{${columns + 1}}{l}{\\textbf{${escapeLatex(line.label)}}} \\\\`;
      return index > 0 ? ['\\midrule', heading] : [heading];
    }
    case 'paper':
      return [cells([`\\quad\\textit{${line.label}}`, ...line.cells.map(theirs)])];
    default:
      return [cells([label(line), ...line.cells.map(ours)])];
  }
}

/** The names of the column groups over thin rules. */
function groupHeads(columns: readonly TableColumn[]): string[] {
  const groups = columnGroups(columns);
  const named = groups.filter(({ group }) => group !== '');
  if (named.length === 0) return [];
  const heads = groups.flatMap(({ group, indices }) =>
    group === '' ? indices.map(() => '') : [`\\multicolumn{${indices.length}}{c}{${escapeLatex(group)}}`],
  );
  // The first column of the table is the label, so a column's number in LaTeX is its index plus 2.
  const rules = named.map(
    ({ indices }) => `\\cmidrule(lr){${indices[0]! + 2}-${indices[0]! + indices.length + 1}}`,
  );
  return [cells(['', ...heads]), rules.join(' ')];
}

function cells(texts: readonly string[]): string {
  return `${texts.join(' & ')} \\\\`;
}

function label(line: PrintedLine): string {
  const { kind, detail, footnotes = [] } = line;
  const text = escapeLatex(detail ? `${lineName(line)} (${detail})` : lineName(line));
  const marks = footnotes.map((note) => `\\textsuperscript{${note + 1}}`).join('');
  return `${kind === 'baseline' ? `\\textit{${text}}` : text}${marks}`;
}

/** Behind a figure, in mathematics; bold says better. */
const LATEX_SIGNS: Readonly<Record<Mark, string>> = {
  better: '',
  ahead: '^\\circ',
  same: '',
  behind: '',
  worse: '^\\ddagger',
};

function ours({ text, std, mark }: PrintedCell): string {
  if (text === MISSING) return '--';
  const figure =
    mark === 'better' ? `\\mathbf{${math(text)}}` : `${math(text)}${mark ? LATEX_SIGNS[mark] : ''}`;
  return std === undefined ? `$${figure}$` : `$${figure} \\pm ${math(std)}$`;
}

function theirs({ text, std }: PrintedCell): string {
  if (text === '') return '';
  return std === undefined ? `\\textit{${text}}` : `\\textit{${text}} $\\pm$ \\textit{${std}}`;
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
