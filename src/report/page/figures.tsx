/** The parts of the page that are charts and pictures. */
import { classes, Key, List } from '../components/markup.tsx';
import { Panels, Photo, Picture, Responsive } from '../components/pictures.tsx';
import type { ReportContent } from '../content/content.ts';
import { LEDES } from '../content/text.ts';
import type { EncodedStrip } from '../evidence/samples.ts';
import type { Figures } from '../figures.ts';
import { listWords, longName, shortName } from '../format.ts';

export function SeveritySection({ comparison: { models }, figures }: ReportContent) {
  return (
    <div class="columns">
      <div>
        <Key models={models} class="narrow" />
        <Responsive {...figures.severity!} />
      </div>
      {figures.groups && (
        <div>
          <Key models={models} class="wide" />
          <Panels panels={figures.groups.wide} class="panels" />
          <p class="small" style="margin-top:14px">
            {LEDES.groups}
          </p>
        </div>
      )}
    </div>
  );
}

export function CorruptionsSection({ figures, headline }: ReportContent) {
  return (
    <div class="columns bars">
      <Responsive {...figures.corruptions!} />
      <List class="takeaways" items={headline.details} />
    </div>
  );
}

export function TrainingSection({ comparison: { models }, figures }: ReportContent) {
  const { wide, narrow = wide } = figures.training!;
  return (
    <>
      <Key models={models} class="narrow" />
      <Panels panels={wide} class="wide pair" />
      <Panels panels={narrow} class="narrow pair" />
    </>
  );
}

export function LayerSection({ alpha, kernels }: Figures) {
  return (
    <>
      {kernels.map(({ model, wide }) => {
        const histogram = alpha.find((figure) => figure.model === model);
        const pairs = <Picture panels={wide} as="figure" class="kernels" />;
        return (
          <div class="layer">
            {kernels.length > 1 && <h3>{model.label}</h3>}
            {histogram ? (
              <div class="columns">
                <figure>
                  <Picture panels={histogram.wide} />
                  <figcaption>{histogram.summary}</figcaption>
                </figure>
                {pairs}
              </div>
            ) : (
              pairs
            )}
          </div>
        );
      })}
    </>
  );
}

/** Pictures of the strip smaller than they are shown keep their pixels as squares. */
const SHOWN = 116;

export function SampleStrip({ width, height, original, severities, groups }: EncodedStrip) {
  const column = (name: string, images: readonly { source: string; alt: string }[]) => (
    <div class="cell">
      <span>{name}</span>
      {images.map((image) => (
        <Photo {...image} width={width} height={height} />
      ))}
    </div>
  );
  return (
    <figure>
      <div class={classes('strip', width < SHOWN && 'crisp')}>
        <div>
          <h3>original</h3>
          <div class="group">{column('', [{ source: original, alt: 'Original' }])}</div>
        </div>
        {groups.map(({ name, corruptions }) => (
          <div>
            <h3>{name}</h3>
            <div class="group">
              {corruptions.map((corruption) =>
                column(
                  shortName(corruption.name),
                  corruption.images.map((source, row) => ({
                    source,
                    alt: `${longName(corruption.name)}, severity ${severities[row]}`,
                  })),
                ),
              )}
            </div>
          </div>
        ))}
      </div>
      <figcaption>From top to bottom: severity {listWords(severities.map(String))}.</figcaption>
    </figure>
  );
}
