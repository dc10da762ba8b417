/** Single images that models get wrong: clean, corrupted, and the answers beneath. */
import type { ReportContent } from '../content.ts';
import type { Answer, EncodedFailure } from '../failures.ts';
import { formatPercent, longName } from '../format.ts';
import { esc, swatch } from './markup.ts';

/** Pictures smaller than they are shown keep their pixels as squares. */
const SHOWN = 112;

export function failuresSection({ failures: groups, comparison }: ReportContent): string {
  return groups
    .map(({ heading, lede, failures }) => {
      const cards = failures.map((failure) => card(failure, comparison.models));
      return `<h3>${esc(heading)}</h3><p class="small">${esc(lede)}</p><ul class="failures" tabindex="0" aria-label="${esc(heading)}">${cards.join('')}</ul>`;
    })
    .join('');
}

function card(failure: EncodedFailure, models: ReportContent['comparison']['models']): string {
  const { image, label, corruption, severity, source, clean, corrupted, width, height, answers } = failure;
  const crisp = Math.max(width, height) < SHOWN ? ' crisp' : '';
  const bad = `${longName(corruption)} ${severity}`;
  const picture = (uri: string, alt: string, caption: string) =>
    `<th scope="col"><img src="${uri}" alt="${esc(alt)}" width="${width}" height="${height}"><span>${esc(caption)}</span></th>`;
  const head =
    (clean ? picture(clean, `${label}, clean`, 'clean') : '') +
    picture(corrupted, `${label}, ${longName(corruption)}, severity ${severity}`, bad);
  const rows = answers.map(({ model, clean: cleanAnswer, corrupted: corruptedAnswer }) => {
    const known = models.find(({ result }) => result === model)!;
    const span = clean ? ' colspan="2"' : '';
    return (
      `<tr class="who"><th${span} scope="rowgroup">${swatch(known)}${esc(known.label)}</th></tr>` +
      `<tr>${clean ? answerCell(cleanAnswer) : ''}${answerCell(corruptedAnswer)}</tr>`
    );
  });
  return (
    `<li><table class="failure${crisp}"><caption><b>${esc(label)}</b> <span>${esc(place(source, image))}</span></caption>` +
    `<thead><tr>${head}</tr></thead>${rows.map((row) => `<tbody>${row}</tbody>`).join('')}</table></li>`
  );
}

function answerCell(answer: Answer | undefined): string {
  if (!answer) return '<td class="missing">not measured</td>';
  const { name, right, confidence } = answer;
  const mark = right ? '<i aria-label="right">✓</i>' : '<i aria-label="wrong">✗</i>';
  return `<td class="${right ? 'right' : 'wrong'}">${mark} ${esc(name ?? 'another class')} <small>${formatPercent(confidence, confidence > 0.9995 ? 0 : 1)}</small></td>`;
}

/** The end of a path, or its number where the image is no file of its own. */
function place(source: string, image: number): string {
  const end = source.split(/[\\/]/).slice(-1)[0]!;
  return end === '' ? `image ${image}` : end;
}
