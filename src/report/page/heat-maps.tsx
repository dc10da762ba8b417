/** A heat map a model, class by corruption; with scripts one at a time. */
import { BENCHMARK_CORRUPTIONS, CORRUPTION_GROUPS } from '../../corrupt/index.ts';
import { Choice, Controls } from '../components/controls.tsx';
import { exact, ModelName } from '../components/markup.tsx';
import { Head, NameHead, Scroll, TableFigure } from '../components/table.tsx';
import type { ClassTable, ModelClasses } from '../content/classes.ts';
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

/** Longer tables show this many of the worst and of the best classes; a button unfolds the rest. */
export const FOLD = '12,6';

/** A table, and the models of it that are shown. */
export interface ShownClasses {
  readonly table: ClassTable;
  readonly models: readonly ModelClasses[];
}

/** Rows of one map and of all: without these bounds a page of a thousand classes would weigh ten megabytes. */
const MOST_ROWS = { each: 100, together: 240 };

export function HeatMaps({ table, models }: ShownClasses) {
  const { baseline, order } = table;
  // What one looks at first is the model in question, not what it is compared with.
  const ordered = [...models].sort((a, b) => Number(a === baseline) - Number(b === baseline));
  const comparable = baseline !== undefined && models.length > 1;
  const most = Math.min(MOST_ROWS.each, Math.floor(MOST_ROWS.together / models.length));
  const relative = ' Relative to the baseline: green where errors are fewer, brown where they are more.';
  const part = ` The ${most} classes with the largest errors, of ${formatCount(order.length)}.`;
  return (
    <TableFigure
      class="long"
      view="error"
      heading="By corruption"
      caption={`Mean top-1 error over the severities; the darker, the larger.${comparable ? relative : ''}${order.length > most ? part : ''}`}
    >
      <Controls>
        {ordered.length > 1 && (
          <Choice
            name="panel"
            legend="Model"
            options={ordered.map(({ model }, index) => ({ value: String(index), label: model.label }))}
          />
        )}
        {comparable && (
          <Choice
            name="view"
            legend="Shown as"
            options={[
              { value: 'error', label: 'error' },
              { value: 'points', label: '− baseline, points' },
            ]}
          />
        )}
      </Controls>
      {ordered.map((own, index) => (
        <div data-panel={index}>
          <h4>
            <ModelName {...own.model} />
          </h4>
          <Scroll label={`Error of ${own.model.label} by class and corruption`}>
            <HeatMap table={table} own={own} most={most} />
          </Scroll>
        </div>
      ))}
    </TableFigure>
  );
}

function HeatMap(props: Pick<ShownClasses, 'table'> & { own: ModelClasses; most: number }) {
  const { table, own, most } = props;
  const { classes, order } = table;
  const baseline = own === table.baseline ? undefined : table.baseline;
  const { byCorruption } = own.errors;
  const corruptions = BENCHMARK_CORRUPTIONS.filter((corruption) => byCorruption.has(corruption));
  const columns = corruptions.map((name) => ({ title: shortName(name), group: groupOf(name) }));
  return (
    <table class="heatmap" data-sortable="" data-fold={FOLD}>
      <Head corner={['class']} columns={columns} sortable />
      <tbody>
        {order.slice(0, most).map((label) => (
          <tr>
            <NameHead name={classes[label]!} />
            {corruptions.map((corruption) => (
              <HeatCell
                what={`${classes[label]} · ${longName(corruption)}`}
                name={own.model.label}
                error={byCorruption.get(corruption)![label]!}
                reference={baseline?.errors.byCorruption.get(corruption)?.[label]}
                baseline={baseline?.model.label}
              />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function groupOf(corruption: string): string {
  const groups = Object.entries(CORRUPTION_GROUPS);
  return groups.find(([, names]) => (names as readonly string[]).includes(corruption))![0];
}

function HeatCell(props: {
  what: string;
  name: string;
  error: number;
  /** The baseline's error, where there is a baseline. */
  reference: number | undefined;
  baseline: string | undefined;
}) {
  const { what, name, error, reference, baseline } = props;
  const text = formatFraction(error, 2);
  if (text === MISSING) return <td class="heat missing">{MISSING}</td>;
  const own = [name, formatPercent(error, 2)];
  const shade = `--e:${Math.round(error * 100)}`;
  if (reference === undefined || baseline === undefined) {
    return (
      <td class="heat" style={shade} data-value={exact(error, 6)} title={tip(what, [own])}>
        {text}
      </td>
    );
  }
  const change = error - reference;
  const strength = Math.min(100, Math.round(Math.abs(change) * 400));
  const lines = [
    own,
    [baseline, formatPercent(reference, 2)],
    ['difference', `${formatPoints(change, 2)} points`],
  ];
  return (
    <td
      class="heat"
      style={`${shade};--d:${strength};--t:${change < 0 ? COLORS.better : COLORS.worse}`}
      data-value={exact(error, 6)}
      data-reference={exact(reference, 6)}
      data-points={formatPoints(change, 0)}
      title={tip(what, lines)}
    >
      {text}
    </td>
  );
}
