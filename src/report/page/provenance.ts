/** The parts of the page for who wants to repeat it: every metric by name, and how it was made. */
import type { ReportContent } from '../content.ts';
import { MISSING } from '../format.ts';
import type { Fact } from '../provenance.ts';
import { esc, scroll, subscripts } from './markup.ts';

export function metricsTable({ comparison, metrics }: ReportContent): string {
  const head = comparison.models.map(({ label }) => `<th scope="col">${esc(label)}</th>`).join('');
  const rows = metrics.map(
    ({ name, meaning, values }) =>
      `<tr><th scope="row"><code>${esc(name)}</code><span>${subscripts(esc(meaning))}</span></th>` +
      `${values.map((value) => `<td${value === MISSING ? ' class="missing"' : ''}>${esc(value)}</td>`).join('')}</tr>`,
  );
  const table = `<table class="metrics"><thead><tr><th scope="col">metric</th>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return scroll(table, 'Every metric of every model');
}

export function provenanceSection({ provenance, omissions }: ReportContent): string {
  const cautions = [...provenance.cautions, ...omissions].map((text) => `<li>${esc(text)}</li>`).join('');
  const models = provenance.models.map(
    ({ model, facts }) => `<details open><summary>${esc(model.label)}</summary>${factList(facts)}</details>`,
  );
  const commands = provenance.commands.map(esc).join('\n');
  return (
    `${cautions ? `<ul class="cautions">${cautions}</ul>` : ''}${factList(provenance.shared)}${models.join('')}` +
    `${commands ? `<pre>${commands}</pre>` : ''}`
  );
}

function factList(facts: readonly Fact[]): string {
  return `<dl class="facts">${facts.map(({ name, value }) => `<dt>${esc(name)}</dt><dd>${esc(value)}</dd>`).join('')}</dl>`;
}
