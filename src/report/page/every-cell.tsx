/** All errors as numbers, for who wants them without hovering, on paper and to copy. */
import { BENCHMARK_CORRUPTIONS } from '../../corrupt/index.ts';
import { type ComparedModel, type Comparison, corruptionError } from '../comparison.ts';
import { Head, ModelHead, Scroll } from '../components/table.tsx';
import { formatFraction, longName, MISSING, plural } from '../format.ts';

const COLUMNS = [
  ...['1', '2', '3', '4', '5'].map((title) => ({ title, group: 'severity' })),
  { title: 'mean' },
];

export function EveryCell({ models, extraCorruptions }: Comparison) {
  const measured = [...BENCHMARK_CORRUPTIONS, ...extraCorruptions].map((corruption) => ({
    corruption,
    cells: models.reduce(
      (sum, { result }) => sum + (corruptionError(result, corruption)?.severities.length ?? 0),
      0,
    ),
  }));
  const known = measured.filter(({ cells }) => cells > 0);
  if (known.length === 0) return null;
  const count = known.reduce((sum, { cells }) => sum + cells, 0);
  return (
    <details class="fold">
      <summary>All {plural(count, 'measured cell')}, by severity</summary>
      <Scroll label="Errors by severity">
        <table class="cells">
          <Head corner={['corruption', 'model']} columns={COLUMNS} />
          {known.map(({ corruption }) => (
            <tbody>
              {models.map((model, index) => (
                <tr>
                  {index === 0 && (
                    <th scope="rowgroup" rowSpan={models.length}>
                      {longName(corruption)}
                    </th>
                  )}
                  <ModelHead model={model} />
                  <Errors model={model} corruption={corruption} />
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </Scroll>
    </details>
  );
}

function Errors({ model: { result }, corruption }: { model: ComparedModel; corruption: string }) {
  const errors = result.errors[corruption] ?? [null, null, null, null, null];
  return (
    <>
      {errors.map((error) => {
        const text = formatFraction(error, 4);
        return <td class={text === MISSING ? 'missing' : undefined}>{text}</td>;
      })}
      <td class="mean">{formatFraction(corruptionError(result, corruption)?.value, 4)}</td>
    </>
  );
}
