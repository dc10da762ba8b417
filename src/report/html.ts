/** The report as one HTML page that loads nothing: styles, font, charts and pictures are inside. */
import type { Svg } from './charts/render.ts';
import type { Comparison } from './comparison.ts';
import type { Figure, Figures, Panel } from './figures.ts';
import { escapeHtml as esc, listWords, longName, MISSING, shortName } from './format.ts';
import type { Headline } from './headline.ts';
import type { Fact, Provenance } from './provenance.ts';
import type { EncodedStrip } from './samples.ts';
import { styleSheet } from './style.ts';
import { type MetricRow, modelDetail, type ResultTable, type TableCell } from './table.ts';
import { corruptionsLede, HEADINGS, LEDES } from './text.ts';

/** All that a report says, worked out; HTML and Markdown only write it down. */
export interface ReportContent {
  readonly title: string;
  /** What was measured, in a line above the title. */
  readonly kicker: string;
  readonly comparison: Comparison;
  readonly headline: Headline;
  readonly table: ResultTable;
  readonly tableNotes: readonly string[];
  readonly metrics: readonly MetricRow[];
  readonly figures: Figures;
  readonly strip?: EncodedStrip;
  /** Why a figure is left out, in plain words. */
  readonly omissions: readonly string[];
  readonly provenance: Provenance;
  readonly version: string;
}

export async function renderHtml(content: ReportContent): Promise<string> {
  const { comparison, figures } = content;
  const sections = [
    section(HEADINGS.results, undefined, resultsSection(content)),
    figures.severity && section(HEADINGS.severity, LEDES.severity, severitySection(content)),
    figures.corruptions &&
      section(HEADINGS.corruptions, corruptionsLede(comparison), corruptionsSection(content)),
    content.strip && section(HEADINGS.samples, sentence(content.strip.caption), stripFigure(content.strip)),
    figures.kernels.length > 0 && section(HEADINGS.layer, LEDES.layer, layerSection(figures)),
    figures.training && section(HEADINGS.training, LEDES.training, trainingSection(content)),
    section(HEADINGS.metrics, LEDES.metrics, metricsTable(content)),
    section(HEADINGS.provenance, undefined, provenanceSection(content)),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="generator" content="pushpull ${esc(content.version)}">
<title>${esc(content.title)}</title>
<style>${await styleSheet()}</style>
</head>
<body>
<main>
<header>
<p class="kicker">${esc(content.kicker)}</p>
<h1>${esc(content.title)}</h1>
<p class="headline">${esc(content.headline.sentence)}</p>
${figureTiles(content.headline)}
</header>
${sections.filter(Boolean).join('\n')}
</main>
<footer>Made by pushpull ${esc(content.version)}. This page is complete in itself and loads nothing from anywhere.</footer>
</body>
</html>
`;
}

function section(heading: string, lede: string | undefined, body: string): string {
  return `<section>\n<h2>${esc(heading)}</h2>\n${lede ? `<p class="lede">${esc(lede)}</p>\n` : ''}${body}\n</section>`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function figureTiles({ figures }: Headline): string {
  const tiles = figures.map(
    ({ label, value, note, tone }) =>
      `<div><dt>${subscripts(esc(label))}</dt><dd class="value ${tone}">${esc(value)}</dd><dd class="note">${esc(note)}</dd></div>`,
  );
  return `<dl class="figures">${tiles.join('')}</dl>`;
}

/** `R_net` as a letter with an index. */
function subscripts(html: string): string {
  return html.replace(/\b(R|E|mCE)_(\w+)/g, '$1<sub>$2</sub>');
}

function resultsSection(content: ReportContent): string {
  const notes = content.tableNotes.map((note) => `${esc(note)}`).join(' ');
  return `<figure><div class="wide scroll">${wideTable(content.table)}</div><div class="narrow scroll">${uprightTable(content.table)}</div><figcaption>${notes}</figcaption></figure>`;
}

/** The paper's form: a row a model. */
function wideTable({ columns, rows }: ResultTable): string {
  const groups: { name: string; span: number }[] = [];
  for (const { group } of columns) {
    const last = groups.at(-1);
    if (last?.name === group) last.span++;
    else groups.push({ name: group, span: 1 });
  }
  const starts = columns.map(({ group }, index) => index > 0 && group !== columns[index - 1]!.group);
  const first = (index: number) => (starts[index] ? ' class="first"' : '');
  const groupRow = groups
    .map(({ name, span }) =>
      name
        ? `<th colspan="${span}" scope="colgroup" class="first">${esc(name)}</th>`
        : `<td colspan="${span}"></td>`,
    )
    .join('');
  const head = columns
    .map(
      ({ title, description }, index) =>
        `<th scope="col" title="${esc(description)}"${first(index)}>${esc(title)}</th>`,
    )
    .join('');
  const body = rows.map(({ model, cells }) => {
    const tag = model.isBaseline && model.label !== 'baseline' ? '<span class="tag">baseline</span>' : '';
    return (
      `<tr${model.isBaseline ? ' class="baseline"' : ''}><th scope="row"><i class="swatch" style="background:${model.color}"></i>` +
      `${esc(model.label)}${tag}<small>${esc(modelDetail(model))}</small></th>` +
      `${cells.map((cell, index) => tableCell(cell, [starts[index] && 'first', !columns[index]!.group && 'metric'])).join('')}</tr>`
    );
  });
  return `<table class="results"><thead><tr class="groups"><td></td>${groupRow}</tr><tr><th></th>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

/** The same figures turned for a phone: a column a model. */
function uprightTable({ columns, rows }: ResultTable): string {
  const head = rows
    .map(
      ({ model }) =>
        `<th scope="col"><i class="swatch" style="background:${model.color}"></i>${esc(model.label)}</th>`,
    )
    .join('');
  const body = columns.map(({ key, title, group }, index) => {
    const heading =
      group && group !== columns[index - 1]?.group
        ? `<tr class="group"><th colspan="${rows.length + 1}" scope="rowgroup">${esc(group)}</th></tr>`
        : '';
    const name = group ? longName(key) : title;
    const cells = rows.map(({ model, cells: row }) =>
      tableCell(row[index]!, [model.isBaseline && 'baseline']),
    );
    return `${heading}<tr><th scope="row">${esc(name)}</th>${cells.join('')}</tr>`;
  });
  return `<table class="results upright"><thead><tr><th></th>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function tableCell(cell: TableCell, extra: readonly (string | false | undefined)[]): string {
  const classes = [...extra, cell.mark, cell.text === MISSING && 'missing'].filter(Boolean).join(' ');
  return `<td${classes ? ` class="${classes}"` : ''}>${cell.text}${cell.partial ? '†' : ''}</td>`;
}

function severitySection({ comparison, figures }: ReportContent): string {
  const groups = figures.groups
    ? `<div><ul class="key wide">${key(comparison)}</ul><div class="panels">${figures.groups.wide.map(panel).join('')}</div><p class="small" style="margin-top:14px">${esc(LEDES.groups)}</p></div>`
    : '';
  return `<div class="columns"><div><ul class="key narrow">${key(comparison)}</ul>${responsive(figures.severity!)}</div>${groups}</div>`;
}

function key({ models }: Comparison): string {
  return models
    .map(({ label, color }) => `<li><i style="background:${color}"></i>${esc(label)}</li>`)
    .join('');
}

function corruptionsSection({ figures, headline }: ReportContent): string {
  const takeaways = headline.details.map((detail) => `<li>${esc(detail)}</li>`).join('');
  return `<div class="columns bars">${responsive(figures.corruptions!)}${takeaways ? `<ul class="takeaways">${takeaways}</ul>` : ''}</div>`;
}

function responsive({ wide, narrow }: Figure): string {
  const draw = (panels: readonly Panel[]) => panels.map(({ svg }) => svg.text).join('');
  if (!narrow) return `<figure>${draw(wide)}</figure>`;
  return `<figure><div class="wide">${draw(wide)}</div><div class="narrow">${draw(narrow)}</div></figure>`;
}

function panel({ svg, heading }: { svg: Svg; heading?: string }): string {
  return `<figure>${heading ? `<h3>${esc(heading)}</h3>` : ''}${svg.text}</figure>`;
}

function trainingSection({ comparison, figures }: ReportContent): string {
  const { wide, narrow = wide } = figures.training!;
  return (
    `<ul class="key narrow">${key(comparison)}</ul><div class="wide pair">${wide.map(panel).join('')}</div>` +
    `<div class="narrow pair">${narrow.map(panel).join('')}</div>`
  );
}

function layerSection({ alpha, kernels }: Figures): string {
  return kernels
    .map((sheet) => {
      const histogram = alpha.find(({ model }) => model === sheet.model);
      const heading = kernels.length > 1 ? `<h3>${esc(sheet.model.label)}</h3>` : '';
      const pairs = `<figure class="kernels">${sheet.wide.map(({ svg }) => svg.text).join('')}</figure>`;
      if (!histogram) return `<div class="layer">${heading}${pairs}</div>`;
      const chart = `<figure>${histogram.wide[0]!.svg.text}<figcaption>${esc(histogram.summary)}</figcaption></figure>`;
      return `<div class="layer">${heading}<div class="columns">${chart}${pairs}</div></div>`;
    })
    .join('\n');
}

function stripFigure(strip: EncodedStrip): string {
  const crisp = strip.width < 116 ? ' crisp' : '';
  const image = (source: string, alt: string) =>
    `<img src="${source}" alt="${esc(alt)}" width="${strip.width}" height="${strip.height}">`;
  const groups = strip.groups.map(({ name, corruptions }) => {
    const cells = corruptions.map(
      (corruption) =>
        `<div class="cell"><span>${esc(shortName(corruption.name))}</span>` +
        `${corruption.images.map((source, row) => image(source, `${longName(corruption.name)}, severity ${strip.severities[row]}`)).join('')}</div>`,
    );
    return `<div><h3>${esc(name)}</h3><div class="group">${cells.join('')}</div></div>`;
  });
  return (
    `<figure><div class="strip${crisp}"><div><h3>original</h3><div class="group"><div class="cell"><span></span>${image(strip.original, 'Original')}</div></div></div>` +
    `${groups.join('')}</div><figcaption>From top to bottom: severity ${listWords(strip.severities.map(String))}.</figcaption></figure>`
  );
}

function metricsTable({ comparison, metrics }: ReportContent): string {
  const head = comparison.models.map(({ label }) => `<th scope="col">${esc(label)}</th>`).join('');
  const rows = metrics.map(
    ({ name, meaning, values }) =>
      `<tr><th scope="row"><code>${esc(name)}</code><span>${subscripts(esc(meaning))}</span></th>` +
      `${values.map((value) => `<td${value === MISSING ? ' class="missing"' : ''}>${esc(value)}</td>`).join('')}</tr>`,
  );
  return `<div class="scroll"><table class="metrics"><thead><tr><th></th>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function provenanceSection({ provenance, omissions }: ReportContent): string {
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
