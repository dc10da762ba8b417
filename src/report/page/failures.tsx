/** Single images that models get wrong: clean, corrupted, and the answers beneath. */
import { classes, ModelName } from '../components/markup.tsx';
import { Photo } from '../components/pictures.tsx';
import type { ReportContent } from '../content/content.ts';
import type { Answer, EncodedFailure } from '../evidence/failures.ts';
import { formatPercent, longName } from '../format.ts';

/** Pictures smaller than they are shown keep their pixels as squares. */
const SHOWN = 112;

export function FailuresSection({ failures: groups, comparison: { models } }: ReportContent) {
  return (
    <>
      {groups.map(({ heading, lede, failures }) => (
        <>
          <h3>{heading}</h3>
          <p class="small">{lede}</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: on a phone it scrolls sideways */}
          <ul class="failures" tabIndex={0} aria-label={heading}>
            {failures.map((failure) => (
              <Card failure={failure} models={models} />
            ))}
          </ul>
        </>
      ))}
    </>
  );
}

type Models = ReportContent['comparison']['models'];

function Card({ failure, models }: { failure: EncodedFailure; models: Models }) {
  const { image, label, corruption, severity, source, clean, corrupted, width, height, answers } = failure;
  const name = longName(corruption);
  const pictures = [
    ...(clean ? [{ source: clean, alt: `${label}, clean`, caption: 'clean' }] : []),
    { source: corrupted, alt: `${label}, ${name}, severity ${severity}`, caption: `${name} ${severity}` },
  ];
  return (
    <li>
      <table class={classes('failure', Math.max(width, height) < SHOWN && 'crisp')}>
        <caption>
          <b>{label}</b> <span>{place(source, image)}</span>
        </caption>
        <thead>
          <tr>
            {pictures.map(({ caption, ...picture }) => (
              <th scope="col">
                <Photo {...picture} width={width} height={height} />
                <span>{caption}</span>
              </th>
            ))}
          </tr>
        </thead>
        {answers.map((answer) => (
          <tbody>
            <tr class="who">
              <th colSpan={clean ? 2 : undefined} scope="rowgroup">
                <ModelName {...models.find(({ result }) => result === answer.model)!} />
              </th>
            </tr>
            <tr>
              {clean && <AnswerCell answer={answer.clean} />}
              <AnswerCell answer={answer.corrupted} />
            </tr>
          </tbody>
        ))}
      </table>
    </li>
  );
}

function AnswerCell({ answer }: { answer: Answer | undefined }) {
  if (!answer) return <td class="missing">not measured</td>;
  const { name, right, confidence } = answer;
  const verdict = right ? 'right' : 'wrong';
  return (
    <td class={verdict}>
      <i role="img" aria-label={verdict}>
        {right ? '✓' : '✗'}
      </i>{' '}
      {name ?? 'another class'} <small>{formatPercent(confidence, confidence > 0.9995 ? 0 : 1)}</small>
    </td>
  );
}

/** The end of a path, or its number where the image is no file of its own. */
function place(source: string, image: number): string {
  const end = source.split(/[\\/]/).slice(-1)[0]!;
  return end === '' ? `image ${image}` : end;
}
