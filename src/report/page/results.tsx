/** The table of results: a row a model, sortable; turned for a phone where the models are few; and every cell. */
import { opensGroup } from '../columns.ts';
import type { ComparedModel, Comparison } from '../comparison.ts';
import { Choice, Controls, Toggles } from '../components/controls.tsx';
import { classes, exact, ModelName } from '../components/markup.tsx';
import { Head, NameHead, Scroll, TableFigure } from '../components/table.tsx';
import type { ReportContent } from '../content/content.ts';
import { modelDetail, type ResultTable, type TableCell } from '../content/results-table.ts';
import { formatFraction, formatPoints, longName, MISSING } from '../format.ts';
import { signOf } from '../marks.ts';
import type { TableColumn } from '../tables/table.ts';
import { cellTip } from '../tips.ts';
import { EveryCell } from './every-cell.tsx';

/** As many models have room side by side on a phone; more are shown as rows there too, and scroll sideways. */
const MOST_UPRIGHT = 3;
/** From so many models on they can be picked by name. */
const LEAST_FILTERED = 7;

interface Shown {
  readonly comparison: Comparison;
  readonly table: ResultTable;
}

export function ResultsSection({ comparison, table, tableNotes }: ReportContent) {
  const upright = table.rows.length <= MOST_UPRIGHT;
  const label = 'Errors of every model, clean and corrupted';
  return (
    <>
      <TableFigure view="error" caption={tableNotes.join(' ')}>
        <ResultControls comparison={comparison} table={table} />
        <Scroll label={label} class={upright ? 'wide' : undefined}>
          <WideTable comparison={comparison} table={table} />
        </Scroll>
        {upright && (
          <Scroll label={label} class="narrow">
            <UprightTable comparison={comparison} table={table} />
          </Scroll>
        )}
      </TableFigure>
      <EveryCell {...comparison} />
    </>
  );
}

function ResultControls({ comparison: { baseline, models }, table: { columns } }: Shown) {
  const groups = [...new Set(columns.map(({ group }) => group).filter((group) => group !== ''))];
  const views = [
    { value: 'error', label: 'error' },
    { value: 'ratio', label: '÷ baseline' },
    { value: 'points', label: '− baseline, points' },
  ];
  return (
    <Controls>
      {baseline && models.length > 1 && <Choice name="view" legend="Corruptions as" options={views} />}
      <Toggles
        name="group"
        legend="Columns"
        options={groups.map((group) => ({ value: group, label: group }))}
      />
      {models.length >= LEAST_FILTERED && (
        <label class="filter">
          <span>Models</span>
          <input type="search" name="models" placeholder="part of a name" autoComplete="off" />
        </label>
      )}
    </Controls>
  );
}

/** The paper's form: a row a model. */
function WideTable({ comparison, table: { columns, rows } }: Shown) {
  return (
    <table class="results" data-sortable="">
      <Head corner={['model']} columns={columns} sortable />
      <tbody>
        {rows.map(({ model, cells }) => (
          <tr class={model.isBaseline ? 'baseline' : undefined}>
            <th scope="row" data-name={model.label}>
              <ModelName {...model} />
              {model.isBaseline && model.label !== 'baseline' && <span class="tag">baseline</span>}
              <small>{modelDetail(model)}</small>
            </th>
            {cells.map((cell, index) => {
              const column = columns[index]!;
              return (
                <ResultCell
                  {...{ cell, column, model, comparison }}
                  class={classes(opensGroup(columns, index) && 'first', !column.group && 'metric')}
                />
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The same figures turned for a phone: a column a model. The corruptions can be sorted, the metrics stay on top. */
function UprightTable({ comparison, table: { columns, rows } }: Shown) {
  const line = (column: TableColumn, index: number) => {
    const { key, title, group } = column;
    return (
      <tr data-group={group || undefined}>
        <NameHead name={group ? longName(key) : title} />
        {rows.map(({ model, cells }) => (
          <ResultCell
            {...{ cell: cells[index]!, column, model, comparison }}
            class={model.isBaseline ? 'baseline' : undefined}
          />
        ))}
      </tr>
    );
  };
  return (
    <table class="results upright" data-sortable="">
      <Head
        corner={['corruption']}
        columns={rows.map(({ model }) => ({ title: <ModelName {...model} /> }))}
        sortable
      />
      <tbody class="fixed">
        {columns.map((column, index) => (column.group ? null : line(column, index)))}
      </tbody>
      <tbody>
        {columns.map((column, index) => (
          <>
            {opensGroup(columns, index) && (
              <tr class="group" data-group={column.group}>
                <th colSpan={rows.length + 1} scope="rowgroup">
                  {column.group}
                </th>
              </tr>
            )}
            {column.group && line(column, index)}
          </>
        ))}
      </tbody>
    </table>
  );
}

function ResultCell(props: {
  cell: TableCell;
  column: TableColumn;
  model: ComparedModel;
  comparison: Comparison;
  class?: string;
}) {
  const { cell, column, model, comparison } = props;
  const { value, reference, mark, text, partial } = cell;
  // Bold says better.
  const sign = mark === 'better' ? '' : signOf(mark);
  const related = column.group !== '' && value !== undefined && reference !== undefined;
  return (
    <td
      class={classes(props.class, mark, text === MISSING && 'missing')}
      data-value={exact(value)}
      data-reference={related ? exact(reference) : undefined}
      data-ratio={related ? `${formatFraction(value / reference)}${sign}` : undefined}
      data-points={related ? `${formatPoints(value - reference)}${sign}` : undefined}
      title={cellTip(comparison, model, column, cell)}
    >
      {`${text}${partial ? '†' : ''}${sign}`}
    </td>
  );
}
