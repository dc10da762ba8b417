/** The report as one HTML page that loads nothing: styles, scripts, font, charts and pictures are inside. */
import { renderToString } from 'preact-render-to-string';
import { Contents, Document, MissingNote, Section, type SectionContent, Tiles } from '../components/page.tsx';
import type { ReportContent } from '../content/content.ts';
import { corruptionsLede, HEADINGS, LEDES } from '../content/text.ts';
import { CertaintySection, hasCertainty } from './certainty.tsx';
import { ClassesSection } from './classes.tsx';
import { FailuresSection } from './failures.tsx';
import {
  CorruptionsSection,
  LayerSection,
  SampleStrip,
  SeveritySection,
  TrainingSection,
} from './figures.tsx';
import { MetricsTable, ProvenanceSection } from './provenance.tsx';
import { ResultsSection } from './results.tsx';
import { pageScript } from './script.ts';
import { styleSheet } from './style/sheet.ts';

export async function renderHtml(content: ReportContent): Promise<string> {
  const [style, script] = await Promise.all([styleSheet(), pageScript()]);
  const page = <Page content={content} style={style} script={script} />;
  return `<!doctype html>\n${renderToString(page)}\n`;
}

function Page(props: { content: ReportContent; style: string; script: string }) {
  const { content, style, script } = props;
  const { title, version, kicker, headline } = content;
  const sections = listSections(content);
  return (
    <Document {...{ title, version, style, script }}>
      <header>
        <p class="kicker">{kicker}</p>
        <h1>{title}</h1>
        <p class="headline">{headline.sentence}</p>
        <Tiles figures={headline.figures} />
        <Contents sections={sections} />
      </header>
      <main>
        {sections.map((section) => (
          <Section {...section} />
        ))}
      </main>
    </Document>
  );
}

function listSections(content: ReportContent): SectionContent[] {
  const { comparison, figures, strip, classes } = content;
  const section = (
    id: keyof typeof HEADINGS,
    body: SectionContent['body'],
    lede?: string,
  ): SectionContent => ({
    ...{ id, heading: HEADINGS[id], lede, body },
  });
  const sections = [
    section('results', <ResultsSection {...content} />),
    figures.severity && section('severity', <SeveritySection {...content} />, LEDES.severity),
    figures.corruptions &&
      section('corruptions', <CorruptionsSection {...content} />, corruptionsLede(comparison)),
    hasCertainty(comparison) && section('certainty', <CertaintySection {...comparison} />, LEDES.certainty),
    classes
      ? section('classes', <ClassesSection table={classes} />, LEDES.classes)
      : section('classes', <MissingNote text={LEDES.classesMissing} />),
    content.failures.length > 0 && section('failures', <FailuresSection {...content} />, LEDES.failures),
    strip && section('samples', <SampleStrip {...strip} />, sentence(strip.caption)),
    figures.kernels.length > 0 && section('layer', <LayerSection {...figures} />, LEDES.layer),
    figures.training && section('training', <TrainingSection {...content} />, LEDES.training),
    section('metrics', <MetricsTable {...content} />, LEDES.metrics),
    section('provenance', <ProvenanceSection {...content} />),
  ];
  return sections.filter((known) => typeof known === 'object');
}

/** `corrupted images` → `Corrupted images.` */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
