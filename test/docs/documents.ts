/** README and the guide, and what is in them: blocks of code, commands, links. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const read = (document: string): string => readFileSync(`${ROOT}/${document}`, 'utf8');

const markdown = (folder: string): string[] =>
  readdirSync(`${ROOT}/${folder}`)
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `${folder}/${name}`);

/** What a user reads from the first line to the last. */
export const GUIDE: readonly string[] = ['README.md', ...markdown('docs/guide')];

/** And what one looks up. */
export const DOCUMENTS: readonly string[] = [
  ...GUIDE,
  'docs/architecture.md',
  ...markdown('docs/decisions'),
  ...markdown('docs/table1'),
  'results/README.md',
  'assets/mnist/README.md',
];

/** The blocks of code in a language. */
export function blocks(document: string, language: string): string[] {
  return [...read(document).matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text]) => text!.trim(),
  );
}

/** The commands of a document as one types them, a line each, without comments. */
export function commandLines(document: string): string[] {
  return blocks(document, 'sh')
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
    .flatMap((line) => line.replace(/\s+#.*$/, '').split(' && '))
    .filter((line) => line !== '');
}

/** Words as a shell makes them of a line; `~` and `$HOME` are the given folder. */
export function shellWords(line: string, home: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, bare]) => quoted ?? bare!.replace(/^~(?=\/)/, home).replaceAll('$HOME', home),
  );
}

/** Where the links and pictures of a document lead. */
export function links(document: string): string[] {
  const text = read(document).replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '');
  return [
    ...text.matchAll(/\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)|<(?:img|a) [^>]*?(?:src|href)="([^"]+)"/g),
  ].map(([, link, attribute]) => (link ?? attribute)!);
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchors(document: string): Set<string> {
  const text = read(document).replaceAll(/```[\s\S]*?```/g, '');
  return new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
