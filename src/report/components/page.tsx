/** A page that is complete in itself, its sections, and the tiles under its headline. */
import type { ComponentChildren } from 'preact';
import { CodeText, Subscripts } from './markup.tsx';

/** Nothing may be loaded: a browser refuses whatever is not in the page itself. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; font-src data:; " +
  "base-uri 'none'; form-action 'none'";

/**
 * The whole document.
 *
 * @param style the style sheet, fonts included
 * @param script for what needs one; the page has all its figures without
 */
export function Document(props: {
  readonly title: string;
  readonly version: string;
  readonly style: string;
  readonly script?: string;
  readonly children: ComponentChildren;
}) {
  const { title, version, style, script, children } = props;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta name="generator" content={`pushpull ${version}`} />
        <title>{title}</title>
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
        {children}
        <footer>
          Made by pushpull {version}. This page is complete in itself and loads nothing from anywhere.
        </footer>
        {script && <script type="module" dangerouslySetInnerHTML={{ __html: script }} />}
      </body>
    </html>
  );
}

/** A part of the page; the contents at the top point at its id. */
export interface SectionContent {
  readonly id: string;
  readonly heading: string;
  readonly lede?: string;
  readonly body: ComponentChildren;
}

export function Section({ id, heading, lede, body }: SectionContent) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{heading}</h2>
      {lede && <p class="lede">{lede}</p>}
      {body}
    </section>
  );
}

/** Where to find what, under the headline. */
export function Contents({ sections }: { sections: readonly SectionContent[] }) {
  return (
    <nav aria-label="Contents">
      <ul>
        {sections.map(({ id, heading }) => (
          <li>
            <a href={`#${id}`}>{heading}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** What a section would need, in its place; code between backquotes. */
export function MissingNote({ text }: { text: string }) {
  return (
    <p class="missing-note">
      <CodeText text={text} />
    </p>
  );
}

export interface KeyFigure {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly tone: 'better' | 'worse' | 'neutral';
}

/** The figures that a reader takes away. */
export function Tiles({ figures }: { figures: readonly KeyFigure[] }) {
  return (
    <dl class="figures">
      {figures.map(({ label, value, note, tone }) => (
        <div>
          <dt>
            <Subscripts text={label} />
          </dt>
          <dd class={`value ${tone}`}>{value}</dd>
          <dd class="note">{note}</dd>
        </div>
      ))}
    </dl>
  );
}
