/** Reads tables back out of a page and of Markdown, so that tests compare figures and not strings somewhere. */

export interface ReadCell {
  /** Without its sign. */
  readonly text: string;
  /** Printed as better than the baseline, proven or not. */
  readonly better: boolean;
}

/** A page without its style sheet and scripts, which hold words that its text must not. */
export function withoutCode(html: string): string {
  return html.replace(/<style>.*?<\/style>/s, '').replace(/<script type="module">.*?<\/script>/gs, '');
}

/** The results table of a page in the paper's form: column titles, and cells by row label. */
export function readHtmlTable(html: string): { titles: string[]; rows: Map<string, ReadCell[]> } {
  const table = /<table class="results" data-sortable>(.*?)<\/table>/s.exec(html)![1]!;
  const head = /<thead>.*<tr>(.*?)<\/tr><\/thead>/s.exec(table)![1]!;
  const titles = [...head.matchAll(/<th scope="col"[^>]*>(.*?)<\/th>/g)].slice(1).map((match) => match[1]!);
  const body = /<tbody>(.*)<\/tbody>/s.exec(table)![1]!;
  const rows = [...body.matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)].map((match): [string, ReadCell[]] => {
    const row = match[1]!;
    const label = /<th scope="row"[^>]*><i[^>]*><\/i>(.*?)(<small>|<span)/.exec(row)![1]!;
    const cells = [...row.matchAll(/<td(?: class="([^"]*)")?[^>]*>(.*?)<\/td>/g)].map((cell) => ({
      text: cell[2]!.replace(/[°‡]$/, ''),
      better: (cell[1] ?? '').split(' ').some((name) => name === 'better' || name === 'ahead'),
    }));
    return [label, cells];
  });
  return { titles, rows: new Map(rows) };
}

/** The same out of the first table of a Markdown text. */
export function readMarkdownTable(markdown: string): { titles: string[]; rows: Map<string, ReadCell[]> } {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|'));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  const [head, , ...body] = lines.slice(start, end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const rows = body.map(([label, ...cells]): [string, ReadCell[]] => [
    label!,
    cells.map((cell) => ({
      text: cell.replaceAll('**', '').replace(/[°‡]$/, ''),
      better: cell.startsWith('**') || cell.endsWith('°'),
    })),
  ]);
  return { titles: head!.slice(1), rows: new Map(rows) };
}
