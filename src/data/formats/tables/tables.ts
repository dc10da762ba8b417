/** Data sets whose labels stand in tables: `labels.csv` or `train.csv` and `test.csv` beside the images. */
import path from 'node:path';
import { UserError } from '../../../errors.ts';
import { plural } from '../../../words.ts';
import type { Split, SplitContents } from '../../contents.ts';
import type { Listing } from '../../listing/listed-files.ts';
import { readClassNames } from '../class-names.ts';
import { orderClasses, some } from '../class-order.ts';
import type { ReadingRequest } from '../spec.ts';
import { chooseSplit, splitOf, splitWordIn } from '../splits.ts';
import { type LabelTable, noLabels } from './label-table.ts';
import {
  findTableImages,
  readListedTable,
  type TableImage,
  type TableImages,
  tableNotes,
  titleOf,
} from './table-files.ts';

export interface PlacedTable {
  readonly table: LabelTable;
  /** Folder that it lies in, below the listing's place. */
  readonly base: string;
}

const ROOT_TABLE =
  /^(?:[\w-]*labels?|[\w-]*annotations?|metadata|index|data|images|train|training|test|testing|val|valid|validation)\.(csv|tsv|jsonl)$/i;

/**
 * Tables at the top of a listing that tell labels; where there is a single one, whatever it is called.
 *
 * @param hasClasses folders may tell the classes as well: a table counts only if it is called like one of labels, and is one
 * @throws UserError when it is not clear which table is meant
 */
export async function findRootTables(
  listing: Listing,
  wanted: string | undefined,
  hasClasses: boolean,
): Promise<readonly PlacedTable[]> {
  const tops = [...listing.files.entries()].filter(
    ([, file]) => !file.includes('/') && /\.(csv|tsv|jsonl)$/i.test(file),
  );
  const likely = tops.filter(([, file]) => ROOT_TABLE.test(file));
  const bySplit = likely.filter(([, file]) => splitWordIn(file) !== undefined);
  const any = tops.length === 1 && !hasClasses ? tops : likely;
  const chosen = bySplit.length > 0 ? bySplit : any;
  try {
    const tables: PlacedTable[] = [];
    for (const [index] of chosen)
      tables.push({ table: await readListedTable(listing, index, wanted), base: '' });
    if (hasClasses && tables.some(({ table }) => table.columns.label === undefined)) return [];
    if (bySplit.length > 0 || tables.length <= 1) return tables;
  } catch (error) {
    if (hasClasses && error instanceof UserError) return [];
    throw error;
  }
  throw new UserError(
    `${listing.place}: expected one table of labels, found ${some(chosen.map(([, file]) => file))}; say which with --labels-csv FILE`,
  );
}

/** Images of one name of a split, in the order of their table. */
interface TablePart {
  /** As it is written; undefined where nothing tells splits apart. */
  readonly split?: string;
  readonly images: readonly TableImage[];
}

/**
 * One split of the images that tables name. Which split an image is of, a column says, or the name of the table (`train.csv`),
 * or the folder of the image.
 *
 * @throws UserError that names the line when an image or its label is missing
 */
export async function openTables(
  listing: Listing,
  given: readonly PlacedTable[],
  { split, asked, unlabelled = false }: ReadingRequest,
): Promise<SplitContents> {
  const labelledTables = given.filter(({ table }) => table.columns.label !== undefined);
  if (labelledTables.length === 0 && !unlabelled) throw noLabels(given[0].table);
  // Of a competition's images those of the test have none.
  const tables = unlabelled || labelledTables.length === 0 ? given : labelledTables;
  const dropped = given.filter((each) => !tables.includes(each));
  const found = tables.map(({ table, base }) => ({ table, images: findTableImages(listing, table, base) }));
  const parts = partsOf(found.map(({ table, images }) => [table, images]));
  const names = parts.flatMap(({ split: name }) => (name === undefined ? [] : [name]));
  const unsplit = names.length === 0 && asked === undefined;
  const wanted = unsplit ? undefined : chooseSplit(names, split, asked, tables[0].table.name);
  const part = unsplit ? parts[0] : parts.find(({ split: name }) => name === wanted && name !== undefined);
  if (!part) throw missing(tables[0].table.name, split, names);
  const labelled = part.images.every(({ row }) => row.label !== undefined);
  const values = parts.flatMap(({ images }) =>
    images.flatMap(({ row }) => (row.label === undefined ? [] : [row.label])),
  );
  const order = labelled
    ? orderClasses(values, tables[0].table.name, await readClassNames(listing))
    : undefined;
  const files = part.images.map(({ file }) => file);
  const source = found.at(-1)!.images.listing;
  const used = new Set(part.images.map(({ row }) => row.label));
  const lacking = order
    ? [...new Set(values)]
        .filter((value) => !used.has(value))
        .map((value) => order.classes[order.indexOf(value)])
    : [];
  const tablesNamed = tables.map(({ table }) => titleOf(table.name)).join(' and ');
  const column = tables[0].table.columns.label;
  return {
    kind: 'table',
    name: path.basename(listing.place),
    displayName: path.basename(listing.place),
    path: listing.place,
    classes: order?.classes ?? [''],
    labels: Int32Array.from(part.images, ({ row }) => order?.indexOf(row.label!) ?? 0),
    storage: source.storage(files),
    describe: (index) => source.describe(files[index]),
    close: () => listing.close(),
    reading: {
      readAs: `images of ${tablesNamed}${column === undefined ? '' : `, labels in column ${column}`}${wanted === undefined ? '' : `, split ${wanted}`}, ${order?.order ?? 'without classes'}`,
      notes: [
        ...(unsplit ? [`no split: all ${files.length} images are used`] : []),
        ...(order?.notes ?? []),
        ...(lacking.length > 0
          ? [
              `${lacking.length} ${lacking.length === 1 ? 'class' : 'classes'} without images in ${wanted}: ${some(lacking)}`,
            ]
          : []),
        ...found.flatMap(({ table, images }) =>
          tables.length === 1 || titleOf(table.name).includes(wanted ?? '')
            ? tableNotes(listing, table, images, unsplit || tables.length === 1 ? undefined : [])
            : [],
        ),
        ...leftOut(parts, wanted, split),
        ...dropped.map(({ table }) => `left out: ${titleOf(table.name)}, which has no labels`),
      ],
      ...(unsplit && { unsplit: true }),
      ...(!order && { unlabelled: true }),
      ...(lacking.length > 0 && { lacking }),
    },
  };
}

function leftOut(parts: readonly TablePart[], wanted: string | undefined, split: Split): string[] {
  return parts.flatMap(({ split: name, images }) =>
    name === undefined || name === wanted || splitOf(name) === (split === 'train' ? 'test' : 'train')
      ? []
      : [
          `left out: ${plural(images.length, 'image')} of split ${name}${split === 'test' ? `, measured with --split ${name}` : ''}`,
        ],
  );
}

function partsOf(tables: readonly (readonly [LabelTable, TableImages])[]): readonly TablePart[] {
  const parts = new Map<string | undefined, TableImage[]>();
  for (const [table, { images, listing }] of tables) {
    const word =
      tables.length > 1 || splitWordIn(titleOf(table.name)) ? splitWordIn(titleOf(table.name)) : undefined;
    const inFolders = images.every(({ file }) => folderSplit(listing.files[file]) !== undefined);
    for (const image of images) {
      const name =
        image.row.split || word || (inFolders ? folderSplit(listing.files[image.file]) : undefined);
      const list = parts.get(name) ?? [];
      parts.set(name, list);
      list.push(image);
    }
  }
  return [...parts].map(([split, images]) => ({ split, images }));
}

function folderSplit(file: string): string | undefined {
  return file
    .split('/')
    .slice(0, -1)
    .find((part) => splitOf(part) !== undefined);
}

function missing(name: string, split: Split, names: readonly string[]): UserError {
  const cure =
    split === 'train'
      ? 'give a table with training images'
      : 'name one of them with --split, or train with --validation 0.1';
  return new UserError(
    `${name}: expected ${split} images, found ${some([...new Set(names)], 5)} only; ${cure}`,
  );
}
