/** The parts of the page for who wants to repeat it: every metric by name, and how it was made. */
import { Facts, List, Subscripts } from '../components/markup.tsx';
import { Head, Scroll } from '../components/table.tsx';
import type { ReportContent } from '../content/content.ts';
import { MISSING } from '../format.ts';

export function MetricsTable({ comparison, metrics }: ReportContent) {
  return (
    <Scroll label="Every metric of every model">
      <table class="metrics">
        <Head corner={['metric']} columns={comparison.models.map(({ label }) => ({ title: label }))} />
        <tbody>
          {metrics.map(({ name, meaning, values }) => (
            <tr>
              <th scope="row">
                <code>{name}</code>
                <span>
                  <Subscripts text={meaning} />
                </span>
              </th>
              {values.map((value) => (
                <td class={value === MISSING ? 'missing' : undefined}>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

export function ProvenanceSection({ provenance, omissions }: ReportContent) {
  const { cautions, shared, models, commands } = provenance;
  return (
    <>
      <List class="cautions" items={[...cautions, ...omissions]} />
      <Facts facts={shared} />
      {models.map(({ model, facts }) => (
        <details open>
          <summary>{model.label}</summary>
          <Facts facts={facts} />
        </details>
      ))}
      {commands.length > 0 && <pre>{commands.join('\n')}</pre>}
    </>
  );
}
