/** The parts of the page that are charts and pictures. */
import type { Svg } from '../charts/render.ts';
import type { Comparison } from '../comparison.ts';
import type { ReportContent } from '../content.ts';
import type { Figure, Figures, Panel } from '../figures.ts';
import { listWords, longName, shortName } from '../format.ts';
import type { EncodedStrip } from '../samples.ts';
import { LEDES } from '../text.ts';
import { esc } from './markup.ts';

export function severitySection({ comparison, figures }: ReportContent): string {
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

export function corruptionsSection({ figures, headline }: ReportContent): string {
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

export function trainingSection({ comparison, figures }: ReportContent): string {
  const { wide, narrow = wide } = figures.training!;
  return (
    `<ul class="key narrow">${key(comparison)}</ul><div class="wide pair">${wide.map(panel).join('')}</div>` +
    `<div class="narrow pair">${narrow.map(panel).join('')}</div>`
  );
}

export function layerSection({ alpha, kernels }: Figures): string {
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

export function stripFigure(strip: EncodedStrip): string {
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
