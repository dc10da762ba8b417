/** Errors class by class: a table of all models, and the classes taken for each other. */

import { classes as classNames, exact, ModelName } from '../components/markup.tsx';
import { Head, LabelledTable, NameHead } from '../components/table.tsx';
import type { ClassTable, ModelClasses } from '../content/classes.ts';
import { formatCount, formatFraction, formatPercent, formatPoints, MISSING } from '../format.ts';
import { FOLD, HeatMaps, type ShownClasses } from './heat-maps.tsx';

/** Models in the table and the heat maps: the baseline and the first others, fewer where classes are many. */
const MOST_MODELS = 6;
/** Without this bound a page of many models and a thousand classes would weigh ten megabytes. */
const MOST_CELLS = 8000;

export function ClassesSection({ table }: { table: ClassTable }) {
  const room = Math.max(2, Math.min(MOST_MODELS, Math.floor(MOST_CELLS / (3 * table.order.length))));
  const models = table.models.slice(0, room);
  const left = table.models.slice(room).map(({ model }) => model.label);
  return (
    <>
      <div class={models.length <= 2 ? 'beside' : undefined}>
        <Overview table={table} models={models} />
        {left.length > 0 && (
          <p class="small">
            Shown for the first {room} models; left out: {left.join(', ')}.
          </p>
        )}
        {table.confused.length > 0 && <Confused table={table} models={models} />}
      </div>
      <HeatMaps table={table} models={models} />
    </>
  );
}

/** What a column of the overview shows of a class. */
interface OverviewColumn {
  readonly own: ModelClasses;
  readonly title: string;
  /** A difference from the baseline in points, in place of an error. */
  readonly relative?: boolean;
  value(label: number): number;
}

function overviewColumns(own: ModelClasses, baseline: ModelClasses | undefined): OverviewColumn[] {
  const { clean, corrupted } = own.errors;
  const reference = own === baseline ? undefined : baseline?.errors.corrupted;
  return [
    ...(clean ? [{ own, title: 'clean', value: (label: number) => clean[label]! }] : []),
    ...(corrupted ? [{ own, title: 'corrupted', value: (label: number) => corrupted[label]! }] : []),
    ...(corrupted && reference
      ? [
          {
            own,
            title: '− baseline',
            relative: true,
            value: (label: number) => corrupted[label]! - reference[label]!,
          },
        ]
      : []),
  ];
}

/** A row a class; clean and corrupted error of every model. */
function Overview({ table: { classes, images, order, baseline }, models }: ShownClasses) {
  const columns = models.flatMap((own) => overviewColumns(own, baseline));
  const heads = columns.map(({ own: { model }, title }) => ({
    ...{ title, group: model.label, heading: <ModelName {...model} /> },
  }));
  return (
    <LabelledTable
      class="long"
      heading="Clean and corrupted"
      label="Errors of each class"
      caption={
        baseline && models.length > 1
          ? 'At the right of a model, its error on corrupted images minus the baseline’s, in points.'
          : 'Fractions of 1.'
      }
    >
      <table class="classes" data-sortable="" data-fold={FOLD}>
        <Head corner={['class']} columns={[{ title: 'images' }, ...heads]} sortable />
        <tbody>
          {order.map((label) => (
            <tr>
              <NameHead name={classes[label]!} />
              <td data-value={images[label]}>{formatCount(images[label]!)}</td>
              {columns.map(({ own, relative, value }, index) => (
                <ErrorCell value={value(label)} relative={relative} first={own !== columns[index - 1]?.own} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </LabelledTable>
  );
}

function ErrorCell(props: { value: number; relative?: boolean; first: boolean }) {
  const { value, relative = false, first } = props;
  const text = relative ? formatPoints(value) : formatFraction(value);
  const known = text !== MISSING;
  const tone = known && Math.abs(value) >= 0.0005 && (value < 0 ? 'better' : 'worse');
  return (
    <td
      class={classNames(
        relative ? 'change' : 'heat',
        first && 'first',
        relative ? tone : !known && 'missing',
      )}
      style={known && !relative ? `--e:${Math.round(value * 100)}` : undefined}
      data-value={known ? exact(value, 6) : undefined}
    >
      {text}
    </td>
  );
}

/** Which classes are taken for which, most often first. */
function Confused({ table: { confused }, models }: ShownClasses) {
  const hasClean = confused[0]!.shares.some(({ clean }) => clean !== undefined);
  const columns = models.flatMap(({ model }) =>
    [...(hasClean ? ['clean'] : []), 'corrupted'].map((title) => ({
      ...{ title, group: model.label, heading: <ModelName {...model} /> },
    })),
  );
  return (
    <LabelledTable
      heading="Most often confused"
      label="Classes taken for each other"
      caption="Share of the images of the first class that were answered with the second."
    >
      <table class="classes confused" data-sortable="">
        <Head corner={['class → answer']} columns={columns} sortable />
        <tbody>
          {confused.map(({ label, predicted, shares }) => (
            <tr>
              <th scope="row" data-name={`${label} → ${predicted}`}>
                {label}{' '}
                <span class="arrow" role="img" aria-label="taken for">
                  →
                </span>{' '}
                {predicted}
              </th>
              {shares.slice(0, models.length).map(({ clean = 0, corrupted }) => (
                <>
                  {hasClean && (
                    <td class="first" data-value={exact(clean, 6)}>
                      {formatPercent(clean)}
                    </td>
                  )}
                  <td
                    class="heat"
                    style={`--e:${Math.round(corrupted * 100)}`}
                    data-value={exact(corrupted, 6)}
                  >
                    {formatPercent(corrupted)}
                  </td>
                </>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </LabelledTable>
  );
}
