/** Links inside tar archives: archives that are deduplicated hold a file once, and links to it under its other names. */
import path from 'node:path';
import type { TarEntry, TarLeftOut } from './tar-entry.ts';

/** A link inside a tar archive. */
export interface TarLink {
  /** Of a hard link a path in the archive; of a symbolic link one from the link's folder. */
  readonly target: string;
  readonly isHard: boolean;
}

/** Links that lead to links; more of them lead in circles. */
const MOST_LINKS = 40;

/**
 * The files that links stand for. A link to nothing is a file without contents, so that an image that is missing is
 * told of and not passed over; a link to a folder is left out, since its files are there under their own names.
 */
export function resolveLinks(
  files: ReadonlyMap<string, TarEntry>,
  links: ReadonlyMap<string, TarLink>,
): { readonly entries: TarEntry[]; readonly leftOut: TarLeftOut[] } {
  const entries: TarEntry[] = [];
  const leftOut: TarLeftOut[] = [];
  if (links.size === 0) return { entries, leftOut };
  const folders = new Set<string>();
  for (const file of [...files.keys(), ...links.keys()]) {
    for (let end = file.lastIndexOf('/'); end > 0; end = file.lastIndexOf('/', end - 1)) {
      const folder = file.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  // Names in the archive may have `../` inside.
  const byNormal = new Map<string, TarEntry>();
  for (const [file, entry] of files) byNormal.set(path.posix.normalize(file), entry);
  for (const link of links.keys()) {
    const target = follow(link, links);
    const file = target === undefined ? undefined : byNormal.get(target);
    if (file) entries.push({ path: link, offset: file.offset, length: file.length });
    else if (target !== undefined && (target === '.' || folders.has(target))) {
      leftOut.push({ path: link, kind: 'link to a folder' });
    } else entries.push({ path: link, offset: 0, length: 0 });
  }
  return { entries, leftOut };
}

/** The path that is meant in the end, its folders' links followed too; undefined for one outside, or in a circle. */
function follow(start: string, links: ReadonlyMap<string, TarLink>): string | undefined {
  let rest = start.split('/');
  let place: string[] = [];
  for (let followed = 0; rest.length > 0; ) {
    const [part, ...others] = rest;
    rest = others;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (place.length === 0) return undefined;
      place.pop();
      continue;
    }
    const link = links.get([...place, part].join('/'));
    if (!link) {
      place.push(part);
      continue;
    }
    if (++followed > MOST_LINKS || (!link.isHard && link.target.startsWith('/'))) return undefined;
    if (link.isHard) place = [];
    rest = [...link.target.split('/'), ...rest];
  }
  return place.length === 0 ? '.' : place.join('/');
}
