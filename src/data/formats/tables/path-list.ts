/** Lists of image paths, a line each, with or without a label behind: `val.txt` as Caffe and its successors have it. */
import path from 'node:path';
import { UserError } from '../../../errors.ts';
import { isPictureName } from '../../pictures/picture-names.ts';
import type { LabelRow, LabelTable } from './label-table.ts';

/**
 * Parse a list of paths. Where no line has a label, the classes are the folders that the images lie in, if there are several.
 *
 * @param isThere whether there is a file of that name: pictures may have any ending, or none
 * @throws UserError that names the line when it is no path of an image
 */
export function parsePathList(
  text: string,
  name: string,
  isThere: (file: string) => boolean = () => false,
): LabelTable {
  const rows: LabelRow[] = [];
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((content, index) => {
      const line = content.trim();
      if (line === '' || line.startsWith('#')) return;
      const found = parseLine(line, isPictureName) ?? parseLine(line, isThere);
      if (!found) {
        throw new UserError(
          `${name}, line ${index + 1}: expected the path of a picture, and its label behind it if there are labels, found "${line.slice(0, 60)}"; mend the line`,
        );
      }
      rows.push({ ...found, line: index + 1 });
    });
  if (rows.length === 0) {
    throw new UserError(`${name}: expected the path of a picture a line, found none; check the file`);
  }
  const bare = rows.find(({ label }) => label === undefined);
  const labelled = rows.find(({ label }) => label !== undefined);
  if (bare && labelled) {
    throw new UserError(
      `${name}, line ${bare.line}: expected a label behind the path as in line ${labelled.line}, found none; add it`,
    );
  }
  if (labelled) return { name, rows, columns: { file: 'path', label: 'behind the path' } };
  const folders = rows.map(({ file }) => path.posix.basename(path.posix.dirname(file.replaceAll('\\', '/'))));
  if (new Set(folders).size < 2) return { name, rows, columns: { file: 'path' } };
  return {
    name,
    rows: rows.map((row, index) => ({ ...row, label: folders[index] })),
    columns: { file: 'path', label: 'of their folders' },
  };
}

/** A path, with a label behind it or without; undefined where no beginning of the line is a picture. */
function parseLine(
  line: string,
  isPicture: (file: string) => boolean,
): Pick<LabelRow, 'file' | 'label'> | undefined {
  const [, quoted, behind] = /^"([^"]+)"[\t ,;]*(.*)$/.exec(line) ?? [];
  if (quoted !== undefined && isPicture(quoted)) {
    return behind === '' ? { file: quoted } : { file: quoted, label: unquoted(behind) };
  }
  if (isPicture(line)) return { file: line };
  // Paths may have such signs in them too: the longest one that is a picture is meant.
  for (const { index, 0: between } of [...line.matchAll(/[\t ,;]+/g)].reverse()) {
    const file = line.slice(0, index);
    if (isPicture(file)) return { file, label: unquoted(line.slice(index + between.length)) };
  }
  return undefined;
}

function unquoted(label: string): string {
  return /^"[^"]*"$/.test(label) ? label.slice(1, -1) : label;
}
