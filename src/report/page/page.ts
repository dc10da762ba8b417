/** The report as one HTML page that loads nothing: styles, scripts, font, charts and pictures are inside. */
import type { ReportContent } from '../content.ts';
import type { Headline } from '../headline.ts';
import { corruptionsLede, HEADINGS, LEDES } from '../text.ts';
import { certaintySection, hasCertainty } from './certainty.ts';
import { classesSection } from './classes.ts';
import { failuresSection } from './failures.ts';
import {
  corruptionsSection,
  layerSection,
  severitySection,
  stripFigure,
  trainingSection,
} from './figures.ts';
import { esc, renderSection, type Section, sentence, subscripts } from './markup.ts';
import { metricsTable, provenanceSection } from './provenance.ts';
import { resultsSection } from './results.ts';
import { pageScript } from './script.ts';
import { styleSheet } from './style/sheet.ts';

/** Nothing may be loaded: a browser refuses whatever is not in the page itself. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; font-src data:; " +
  "base-uri 'none'; form-action 'none'";

export async function renderHtml(content: ReportContent): Promise<string> {
  const sections = listSections(content);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${esc(POLICY)}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="generator" content="pushpull ${esc(content.version)}">
<title>${esc(content.title)}</title>
<style>${await styleSheet()}</style>
</head>
<body>
<header>
<p class="kicker">${esc(content.kicker)}</p>
<h1>${esc(content.title)}</h1>
<p class="headline">${esc(content.headline.sentence)}</p>
${figureTiles(content.headline)}
${contents(sections)}
</header>
<main>
${sections.map(renderSection).join('\n')}
</main>
<footer>Made by pushpull ${esc(content.version)}. This page is complete in itself and loads nothing from anywhere.</footer>
<script type="module">${await pageScript()}</script>
</body>
</html>
`;
}

function listSections(content: ReportContent): Section[] {
  const { comparison, figures, strip } = content;
  const sections: (Section | false | undefined)[] = [
    { id: 'results', heading: HEADINGS.results, body: resultsSection(content) },
    figures.severity && {
      id: 'severity',
      heading: HEADINGS.severity,
      lede: LEDES.severity,
      body: severitySection(content),
    },
    figures.corruptions && {
      id: 'corruptions',
      heading: HEADINGS.corruptions,
      lede: corruptionsLede(comparison),
      body: corruptionsSection(content),
    },
    hasCertainty(comparison) && {
      id: 'certainty',
      heading: HEADINGS.certainty,
      lede: LEDES.certainty,
      body: certaintySection(comparison),
    },
    {
      id: 'classes',
      heading: HEADINGS.classes,
      lede: content.classes ? LEDES.classes : undefined,
      body: content.classes ? classesSection(content.classes) : missingNote(LEDES.classesMissing),
    },
    content.failures.length > 0 && {
      id: 'failures',
      heading: HEADINGS.failures,
      lede: LEDES.failures,
      body: failuresSection(content),
    },
    strip && {
      id: 'samples',
      heading: HEADINGS.samples,
      lede: sentence(strip.caption),
      body: stripFigure(strip),
    },
    figures.kernels.length > 0 && {
      id: 'layer',
      heading: HEADINGS.layer,
      lede: LEDES.layer,
      body: layerSection(figures),
    },
    figures.training && {
      id: 'training',
      heading: HEADINGS.training,
      lede: LEDES.training,
      body: trainingSection(content),
    },
    { id: 'metrics', heading: HEADINGS.metrics, lede: LEDES.metrics, body: metricsTable(content) },
    { id: 'provenance', heading: HEADINGS.provenance, body: provenanceSection(content) },
  ];
  return sections.filter((section) => typeof section === 'object');
}

/** Where to find what, under the headline. */
function contents(sections: readonly Section[]): string {
  const links = sections.map(({ id, heading }) => `<li><a href="#${id}">${esc(heading)}</a></li>`);
  return `<nav aria-label="Contents"><ul>${links.join('')}</ul></nav>`;
}

/** What a section would need, in its place; `code` between backquotes. */
function missingNote(text: string): string {
  return `<p class="missing-note">${esc(text).replace(/`([^`]+)`/g, '<code>$1</code>')}</p>`;
}

function figureTiles({ figures }: Headline): string {
  const tiles = figures.map(
    ({ label, value, note, tone }) =>
      `<div><dt>${subscripts(esc(label))}</dt><dd class="value ${tone}">${esc(value)}</dd><dd class="note">${esc(note)}</dd></div>`,
  );
  return `<dl class="figures">${tiles.join('')}</dl>`;
}
