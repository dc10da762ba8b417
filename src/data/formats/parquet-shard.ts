/** One Parquet file of images. */

import path from 'node:path';
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { UserError } from '../../errors.ts';
import { errorCode } from '../../files/files.ts';
import { readFile } from '../../files/fs.ts';
import { parseJson } from '../../json.ts';
import { some } from './class-order.ts';

export interface Shard {
  readonly file: string;
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly rows: number;
  /** Names of the columns. */
  readonly columns: readonly string[];
  readonly image: string;
  readonly label?: string;
  /** Of the classes, where the schema tells them. */
  readonly names?: readonly string[];
}

/** What Hugging Face says of its columns, beside the schema. */
interface Feature {
  readonly _type?: string;
  readonly names?: readonly string[];
}

const IMAGE_COLUMNS = ['image', 'img', 'picture', 'photo', 'jpg', 'png'];
const LABEL_COLUMNS = ['label', 'labels', 'fine_label', 'class', 'class_label', 'cls', 'target', 'category'];

/** @throws UserError when it is no Parquet file, or has no column of images */
export async function openShard(file: string, wanted?: string): Promise<Shard> {
  const { buffer, metadata, children } = await explained(file, async () => {
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer);
    return { buffer, metadata, children: parquetSchema(metadata).children };
  });
  const features = featuresOf(metadata);
  const columns = children.map(({ element }) => element.name);
  const holdsBytes = (name: string) => {
    const column = children.find(({ element }) => element.name === name)!;
    return (
      column.children.some(({ element }) => element.name === 'bytes') || column.element.type === 'BYTE_ARRAY'
    );
  };
  const image =
    columns.find((name) => features[name]?._type === 'Image') ??
    IMAGE_COLUMNS.flatMap((name) => columns.find((each) => each.toLowerCase() === name) ?? []).find(
      holdsBytes,
    );
  if (image === undefined) {
    throw new UserError(
      `${file}: expected a column of images (image, with the bytes of image files), found ${some(columns, 8)}; rename the column`,
    );
  }
  if (wanted !== undefined && !columns.includes(wanted)) {
    throw new UserError(
      `${file}: --label: expected the column ${wanted}, found ${some(columns, 8)}; name one of them`,
    );
  }
  const named = LABEL_COLUMNS.find((name) => columns.includes(name) && name !== image);
  const label = wanted ?? named ?? columns.find((name) => features[name]?._type === 'ClassLabel');
  const names = label === undefined ? undefined : features[label]?.names;
  return {
    ...{ file, buffer, metadata, columns, image },
    rows: Number(metadata.num_rows),
    ...(label !== undefined && { label }),
    ...(names !== undefined && names.length > 0 && { names }),
  };
}

function featuresOf({
  key_value_metadata: entries = [],
}: FileMetaData): Readonly<Record<string, Feature | undefined>> {
  const text = entries.find(({ key }) => key === 'huggingface')?.value;
  if (text === undefined) return {};
  try {
    const value = parseJson(text) as { info?: { features?: Record<string, Feature> } };
    return value.info?.features ?? {};
  } catch {
    return {};
  }
}

/** The label of every row as text; undefined where there is none, or -1, which stands for that. */
export async function shardLabels(shard: Shard): Promise<(string | undefined)[]> {
  const { label, rows } = shard;
  if (label === undefined) return new Array<undefined>(rows).fill(undefined);
  const values = await readColumn(shard, label, 0, rows);
  return values.map((value, row) => {
    if (value === null || value === undefined || value === '') return undefined;
    if (!['string', 'number', 'bigint', 'boolean'].includes(typeof value)) {
      throw new UserError(
        `${shard.file}, row ${row}: expected a number or a text in column ${label}, found neither; name the column of the labels with --label`,
      );
    }
    return String(value) === '-1' ? undefined : String(value);
  });
}

/** The image file of every row, in order; not more of them in memory than a row group. */
export async function shardImages(
  shard: Shard,
  place: string,
  add: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  let start = 0;
  for (const { num_rows: count } of shard.metadata.row_groups) {
    const end = start + Number(count);
    const values = await readColumn(shard, shard.image, start, end);
    for (const [offset, value] of values.entries())
      await add(await imageBytes(shard, start + offset, value, place));
    start = end;
  }
}

async function imageBytes(shard: Shard, row: number, value: unknown, place: string): Promise<Uint8Array> {
  if (value instanceof Uint8Array) return value;
  const { bytes, path: file } = (value ?? {}) as { bytes?: unknown; path?: unknown };
  if (bytes instanceof Uint8Array) return bytes;
  if (typeof file === 'string') {
    try {
      return await readFile(path.resolve(place, file));
    } catch {
      throw new UserError(
        `${shard.file}, row ${row}: expected an image, or its file ${file} in ${place}, found neither; put the file there`,
      );
    }
  }
  throw new UserError(
    `${shard.file}, row ${row}: expected an image in column ${shard.image}, found none; remove the row`,
  );
}

async function readColumn(
  { file, buffer, metadata }: Shard,
  column: string,
  rowStart: number,
  rowEnd: number,
): Promise<unknown[]> {
  const rows = await explained(file, () =>
    parquetReadObjects({
      file: buffer,
      metadata,
      columns: [column],
      rowStart,
      rowEnd,
      compressors,
      utf8: false,
    }),
  );
  return rows.map((row) => row[column]);
}

async function explained<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    // Codes of the system alone: what is damaged makes Node refuse arguments, with codes of its own (ERR_…).
    if (error instanceof UserError || /^E[A-Z0-9]+$/.test(errorCode(error) ?? '')) throw error;
    throw new UserError(
      `${file}: expected a Parquet file, but it is damaged (${(error as Error).message}); fetch it again`,
    );
  }
}
