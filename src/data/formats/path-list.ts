/** Lists of image paths, a line each, with or without a label behind: `val.txt` as Caffe and its successors have it. */
import path from 'node:path';
import { UserError } from '../../errors.ts';
import type { LabelRow, LabelTable } from './label-table.ts';

const PICTURE_END = /\.(?:jpe?g|jpe|jfif|png|webp|gif|tiff?|avif|bmp|p[bgpn]m)$/i;
const LABELLED = /^(.*\.(?:jpe?g|jpe|jfif|png|webp|gif|tiff?|avif|bmp|p[bgpn]m))[\t ,;]+(\S.*)$/i;

/**
 * Parse a list of paths. Where no line has a label, the classes are the folders that the images lie in, if there are several.
 *
 * @throws UserError that names the line when it is no path of an image
 */
export function parsePathList(text: string, name: string): LabelTable {
  const rows: LabelRow[] = [];
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((content, index) => {
      const line = content.trim();
      if (line === '' || line.startsWith('#')) return;
      if (PICTURE_END.test(line)) rows.push({ file: line, line: index + 1 });
      else {
        const [, file, label] = LABELLED.exec(line) ?? [];
        if (file === undefined) {
          throw new UserError(
            `${name}, line ${index + 1}: expected the path of a picture, and its label behind it if there are labels, found "${line.slice(0, 60)}"; mend the line`,
          );
        }
        rows.push({ file, label: label.trim(), line: index + 1 });
      }
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
