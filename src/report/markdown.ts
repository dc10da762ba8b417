/** The report as Markdown, with the charts as PNG files beside it. */

import type { ClassTable } from './content/classes.ts';
import type { ReportContent } from './content/content.ts';
import type { Fact } from './content/provenance.ts';
import { resultLines } from './content/results-table.ts';
import { corruptionsLede, HEADINGS, LEDES } from './content/text.ts';
import type { Figure } from './figures.ts';
import { codeSpan, escapeMarkdown as esc, formatCount, formatFraction } from './format.ts';
import { markdownTable, printedMarkdown } from './tables/formats/markdown.ts';

/** @param chartFolder Where the PNG files lie, relative to the Markdown file, with `/`. */
export function renderMarkdown(content: ReportContent, chartFolder: string): string {
  const { headline, table, figures, provenance, omissions } = content;
  const image = (figure: Figure | undefined) =>
    figure ? [`![${esc(figure.alt)}](${chartFolder}/${figure.name}.png)`] : [];
  const blocks: string[] = [
    `# ${esc(content.title)}`,
    esc(content.kicker),
    `**${esc(headline.sentence)}**`,
    bullets(headline.details.map(esc)),
    `## ${HEADINGS.results}`,
    printedMarkdown(table.columns, resultLines(table)),
    bullets(content.tableNotes.map(esc)),
    ...withHeading(HEADINGS.severity, LEDES.severity, [...image(figures.severity), ...image(figures.groups)]),
    ...withHeading(
      HEADINGS.corruptions,
      esc(corruptionsLede(content.comparison)),
      image(figures.corruptions),
    ),
    ...withHeading(HEADINGS.classes, LEDES.classes, content.classes ? [classesTable(content.classes)] : []),
    ...withHeading(HEADINGS.samples, content.strip ? esc(content.strip.caption) : '', image(figures.samples)),
    ...withHeading(HEADINGS.layer, LEDES.layer, [
      ...figures.alpha.flatMap((figure) => [...image(figure), esc(figure.summary)]),
      ...figures.kernels.flatMap((figure) => image(figure)),
    ]),
    ...withHeading(HEADINGS.training, LEDES.training, image(figures.training)),
    `## ${HEADINGS.metrics}`,
    LEDES.metrics,
    metricsTable(content),
    `## ${HEADINGS.provenance}`,
    bullets([...provenance.cautions, ...omissions].map(esc)),
    facts(provenance.shared),
    ...provenance.models.flatMap(({ model, facts: list }) => [`### ${esc(model.label)}`, facts(list)]),
    provenance.commands.length > 0
      ? `### Commands\n\n${provenance.commands.map(codeBlock).join('\n\n')}`
      : '',
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function withHeading(heading: string, lede: string, blocks: readonly string[]): string[] {
  return blocks.length > 0 ? [`## ${heading}`, lede, ...blocks] : [];
}

function metricsTable({ comparison, metrics }: ReportContent): string {
  const header = ['metric', 'meaning', ...comparison.models.map(({ label }) => esc(label))];
  const body = metrics.map(({ name, meaning, values }) => [codeSpan(name), esc(meaning), ...values]);
  return markdownTable(header, body, 2);
}

/** Classes in the table: the worst ones where there are more. */
const MOST_CLASSES = 30;

function classesTable({ classes, images, models, order }: ClassTable): string {
  const header = [
    'class',
    'images',
    ...models.flatMap(({ model }) => [`${esc(model.label)}, clean`, `${esc(model.label)}, corrupted`]),
  ];
  const body = order
    .slice(0, MOST_CLASSES)
    .map((label) => [
      esc(classes[label]!),
      formatCount(images[label]!),
      ...models.flatMap(({ errors }) => [
        formatFraction(errors.clean?.[label]),
        formatFraction(errors.corrupted?.[label]),
      ]),
    ]);
  const table = markdownTable(header, body, 1);
  const left = order.length - body.length;
  return left > 0 ? `${table}\n\nThe other ${formatCount(left)} classes have smaller errors.` : table;
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

function facts(list: readonly Fact[]): string {
  return bullets(list.map(({ name, value }) => `**${esc(name)}:** ${esc(value)}`));
}

function codeBlock(command: string): string {
  return `    ${command.replace(/\s+/g, ' ')}`;
}
