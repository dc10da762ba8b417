/** Tables of images and their labels: CSV, TSV, JSON lines. */
import { CsvError, parse } from 'csv-parse/sync';
import { UserError } from '../../../errors.ts';
import { parseJson } from '../../../json.ts';
import { isPictureName } from '../../pictures/picture-names.ts';
import { some } from '../class-order.ts';

/** What a table says of one image. */
export interface LabelRow {
  /** As it is written there. */
  readonly file: string;
  readonly label?: string;
  readonly split?: string;
  /** Of the table, from 1. */
  readonly line: number;
}

export interface LabelTable {
  /** Of the file, for messages. */
  readonly name: string;
  readonly rows: readonly LabelRow[];
  /** Names of the columns; the label is absent where there is none. */
  readonly columns: { readonly file: string; readonly label?: string; readonly split?: string };
}

/** Names of columns in lower case without signs, the likelier first. */
const FILE_COLUMNS = [
  'filename',
  'image',
  'file',
  'imagename',
  'imagepath',
  'imagefile',
  'filepath',
  'path',
  'img',
  'imgpath',
  'imgname',
  'imageid',
  'id',
  'name',
] as const;
const LABEL_COLUMNS = [
  'label',
  'labels',
  'class',
  'classname',
  'labelname',
  'classid',
  'labelid',
  'target',
  'category',
  'categoryname',
  'categoryid',
  'species',
  'breed',
  'y',
] as const;
const SPLIT_COLUMNS = ['split', 'subset', 'partition', 'set', 'dataset'] as const;

interface Line {
  readonly cells: readonly string[];
  readonly line: number;
}

/**
 * Parse a table with a column of images.
 *
 * @param name of the file: `.jsonl` is read as JSON lines, all else as values with commas, semicolons or tabs between
 * @param wanted the column of the labels, where it is not left open
 * @param isThere whether there is a file of that name: pictures may have any ending, or none
 * @throws UserError that names the line when it is no such table
 */
export function parseLabelTable(
  text: string,
  name: string,
  wanted?: string,
  isThere: (file: string) => boolean = () => false,
): LabelTable {
  const isPicture = (cell: string) => isPictureName(cell) || (cell !== '' && isThere(cell));
  const { header, lines } = /\.(jsonl|ndjson)$/i.test(name)
    ? readJsonLines(text, name)
    : readValues(text, name, isPicture);
  if (lines.length === 0) {
    throw new UserError(`${name}: expected a line an image, found none; add image,label and a line an image`);
  }
  const columns = chooseColumns(header, lines[0].cells, name, isPicture, wanted);
  const at = (column: string | undefined) => (column === undefined ? -1 : header.indexOf(column));
  const [file, label, split] = [at(columns.file), at(columns.label), at(columns.split)];
  const rows = lines.map(({ cells, line }) => {
    const path = cells[file]?.trim() ?? '';
    if (path === '') {
      throw new UserError(
        `${name}, line ${line}: expected an image in column ${columns.file}, found nothing; fill it in or remove the line`,
      );
    }
    const value = cells[label]?.trim();
    if (label >= 0 && (value === undefined || value === '')) {
      throw new UserError(
        `${name}, line ${line}: expected a label in column ${columns.label}, found nothing; fill it in or remove the line`,
      );
    }
    return { file: path, label: value, split: cells[split]?.trim(), line };
  });
  return { name, rows, columns };
}

function readValues(
  text: string,
  name: string,
  isPicture: (cell: string) => boolean,
): { header: readonly string[]; lines: Line[] } {
  const [first = ''] = text.split(/\r?\n/, 1);
  const delimiter = [',', '\t', ';'].reduce((best, sign) =>
    first.split(sign).length > first.split(best).length ? sign : best,
  );
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, {
      ...{ bom: true, info: true, delimiter, skip_empty_lines: true, relax_column_count: true },
      relax_quotes: delimiter === '\t',
    }) as unknown as typeof records;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === 'number' ? `, line ${error.lines}` : '';
    throw new UserError(
      `${name}${line}: expected comma-separated values, found damaged ones (${error.message.split('\n')[0]}); mend the line`,
    );
  }
  const lines = records.map(({ record, info }) => ({ cells: record, line: info.lines }));
  const header = lines[0]?.cells.map((cell) => cell.trim()) ?? [];
  const isHeader = header.some((cell) => isFileColumn(cell)) || !header.some(isPicture);
  for (const { cells, line } of lines.slice(1)) {
    if (cells.length === header.length) continue;
    throw new UserError(
      `${name}, line ${line}: expected ${header.length} columns as in line ${lines[0].line}, found ${cells.length}; mend the line`,
    );
  }
  if (isHeader) return { header, lines: lines.slice(1) };
  if (header.length > 2) {
    throw new UserError(
      `${name}, line 1: expected the names of the columns, such as image,label, found "${header.join(delimiter).slice(0, 60)}"; add them`,
    );
  }
  return { header: ['image', 'label'].slice(0, header.length), lines };
}

function readJsonLines(text: string, name: string): { header: readonly string[]; lines: Line[] } {
  const objects = text.split('\n').flatMap((content, index) => {
    if (content.trim() === '') return [];
    try {
      const value: unknown = parseJson(content);
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return [{ value, line: index + 1 }];
    } catch {
      // Told below.
    }
    throw new UserError(
      `${name}, line ${index + 1}: expected a JSON object a line, found "${content.slice(0, 40)}"; mend the line`,
    );
  });
  const header = [...new Set(objects.flatMap(({ value }) => Object.keys(value)))];
  const lines = objects.map(({ value, line }) => ({
    cells: header.map((key) => cellText((value as Record<string, unknown>)[key])),
    line,
  }));
  return { header, lines };
}

function cellText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    ? String(value)
    : '';
}

function plain(column: string): string {
  return column.toLowerCase().replace(/[^a-z]/g, '');
}

/** Whether a cell is the name of a column of images. */
export function isFileColumn(cell: string): boolean {
  // `img007` is no name of a column, though its letters are.
  return (FILE_COLUMNS as readonly string[]).includes(cell.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

/** Columns that describe an image and are no class, even where they stand alone. */
const NO_LABELS = ['text', 'caption', 'prompt', 'description', 'width', 'height'];

function chooseColumns(
  header: readonly string[],
  first: readonly string[],
  name: string,
  isPicture: (cell: string) => boolean,
  wanted?: string,
): LabelTable['columns'] {
  const find = (known: readonly string[], taken?: string) => {
    for (const word of known) {
      const column = header.find((each) => each !== taken && plain(each) === word);
      if (column !== undefined) return column;
    }
    return undefined;
  };
  const file = find(FILE_COLUMNS) ?? header.find((_, at) => isPicture(first[at]?.trim() ?? ''));
  if (file === undefined) {
    throw new UserError(
      `${name}, line 1: expected a column image (or file_name, path, ...), found ${some(header, 8)}; name the column of the images so`,
    );
  }
  if (wanted !== undefined && !header.includes(wanted)) {
    throw new UserError(
      `${name}, line 1: --label: expected the column ${wanted}, found ${some(header, 8)}; name one of them`,
    );
  }
  const split = find(SPLIT_COLUMNS, file);
  const others = header.filter((column) => column !== file && column !== split);
  const onlyOther = others.length === 1 && !NO_LABELS.includes(plain(others[0])) ? others[0] : undefined;
  const label = wanted ?? find(LABEL_COLUMNS, file) ?? onlyOther;
  return {
    file,
    ...(label !== undefined && { label }),
    ...(split !== undefined && split !== label && { split }),
  };
}

/** For a message that a table has no labels. */
export function noLabels({ name, columns }: LabelTable): UserError {
  return new UserError(
    `${name}, line 1: expected a column label (or class, target, ...) beside ${columns.file}, found none that is sure to be it; say which with --label COLUMN`,
  );
}
