/** A table as an HTML page that loads nothing; on a phone a table for each group of columns, one under another. */
import { renderToString } from 'preact-render-to-string';
import { columnGroups, opensGroup } from '../../columns.ts';
import { classes } from '../../components/markup.tsx';
import { Document } from '../../components/page.tsx';
import { Head } from '../../components/table.tsx';
import { MISSING } from '../../format.ts';
import { signOf } from '../../marks.ts';
import { styleSheet } from '../../page/style/sheet.ts';
import { COLORS } from '../../theme.ts';
import { captionSentences, type PaperTable, type TableColumn } from '../table.ts';
import { isEmpty, type PrintedCell, type PrintedLine, printedLines } from './printed.ts';

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
  const style = `${await styleSheet()}${RULES}`;
  return `<!doctype html>\n${renderToString(<TablePage table={table} style={style} />)}\n`;
}

function TablePage({ table, style }: { table: PaperTable; style: string }) {
  const { which, title, version, scaled, columns, footnotes } = table;
  const lines = printedLines(table);
  return (
    <Document {...{ title, version, style }}>
      <main>
        <header>
          <p class="kicker">Table {which}</p>
          <h1>{title}</h1>
          {scaled && <p class="scaled">Scaled down: {scaled}</p>}
        </header>
        <figure>
          <div class="wide scroll">
            <Printed columns={columns} lines={lines} few={columns.length <= 4} />
          </div>
          <div class="narrow">
            {columnGroups(columns).map(({ group, indices }) => (
              <Printed
                corner={group}
                columns={indices.map((index) => ({ ...columns[index]!, group: '' }))}
                lines={lines.map((line) => withColumns(line, indices))}
              />
            ))}
          </div>
          {footnotes.length > 0 && (
            <ol class="notes">
              {footnotes.map((note, index) => (
                <li>
                  <sup>{index + 1}</sup> {note}
                </li>
              ))}
            </ol>
          )}
          <figcaption>
            {captionSentences(table, true).map((text) => (
              <p>{text}</p>
            ))}
          </figcaption>
        </figure>
      </main>
    </Document>
  );
}

function withColumns(line: PrintedLine, indices: readonly number[]): PrintedLine {
  return { ...line, cells: line.cells.length > 0 ? indices.map((index) => line.cells[index]!) : [] };
}

interface PrintedProps {
  /** Over the labels. */
  readonly corner?: string;
  readonly columns: readonly TableColumn[];
  readonly lines: readonly PrintedLine[];
  /** So few columns that there is room between them. */
  readonly few?: boolean;
}

function Printed({ corner = '', columns, lines, few = false }: PrintedProps) {
  const shown = lines.filter(({ kind, cells }) => kind !== 'paper' || !isEmpty(cells));
  const starts = [...shown.keys()].filter((index) => index === 0 || shown[index]!.kind === 'heading');
  const bodies = starts.map((start, index) => shown.slice(start, starts[index + 1]));
  return (
    <table class={classes('results paper-table', few && 'few')}>
      <Head corner={[corner]} columns={columns} />
      {bodies.map((body) => (
        <tbody>
          {body.map((line, index) => (
            <Line line={line} columns={columns} hasPaper={body[index + 1]?.kind === 'paper'} />
          ))}
        </tbody>
      ))}
    </table>
  );
}

function Line(props: { line: PrintedLine; columns: readonly TableColumn[]; hasPaper: boolean }) {
  const { line, columns, hasPaper } = props;
  const { kind, label, detail, footnotes = [], cells } = line;
  if (kind === 'heading') {
    return (
      <tr class="group">
        <th colSpan={columns.length + 1} scope="rowgroup">
          {label}
        </th>
      </tr>
    );
  }
  return (
    <tr
      class={kind === 'paper' ? kind : classes('row', kind === 'baseline' && kind, hasPaper && 'has-paper')}
    >
      <th scope="row">
        {label}
        {footnotes.map((note) => (
          <sup>{note + 1}</sup>
        ))}
        {kind === 'baseline' && label !== 'baseline' && <span class="tag">baseline</span>}
        {detail && <small>{detail}</small>}
      </th>
      {cells.map((cell, index) => (
        <Figure {...cell} class={classes(opensGroup(columns, index) && 'first')} />
      ))}
    </tr>
  );
}

/** Bold says better. */
function Figure({ text, std, mark, class: place }: PrintedCell & { class?: string }) {
  return (
    <td class={classes(place, mark, text === MISSING && 'missing')}>
      {`${text}${mark === 'better' ? '' : signOf(mark)}`}
      {std !== undefined && <small>± {std}</small>}
    </td>
  );
}
