/** Data at a path: which form it has is found out from what is there. */

import path from 'node:path';
import { UserError } from '../../errors.ts';
import { accessToRead, constants, statIfThere } from '../../files/fs.ts';
import type { SplitContents } from '../contents.ts';
import { hasImageNetArchive, imageFolderIn, openImageNet } from '../imagenet/source.ts';
import type { Listing } from '../listing/listed-files.ts';
import { listFiles, openListing } from '../listing/listing.ts';
import { isImageFile } from '../pictures/picture-file.ts';
import { openCifar } from './cifar/cifar.ts';
import { openImageFolder } from './image-folder.ts';
import { listOne, openParquet, PARQUET } from './parquet.ts';
import { type ReadingRequest, withWishes } from './spec.ts';
import { readTableFile } from './tables/table-files.ts';
import { openTables } from './tables/tables.ts';
import { isWebDataset, openWebDataset, shardsOf } from './webdataset.ts';

/** Endings that are no part of a data set's name. */
const PACKED = /\.(tar|tar\.gz|tgz|zip|csv|tsv|jsonl|ndjson|txt|lst|parquet)$/i;

/**
 * One split of the data at a path.
 *
 * @throws UserError when nothing is there, or nothing that is known
 */
export async function openPath(given: string, request: ReadingRequest): Promise<SplitContents> {
  const place = path.resolve(given);
  const contents = await openPlace(given, place, request);
  const { asked, csv, label } = request;
  const name = path.basename(place).replace(PACKED, '');
  const isNamed = !['folder', 'table', 'parquet', 'webdataset'].includes(contents.kind);
  const called = isNamed ? contents.name : name;
  const shown = isNamed ? contents.displayName : name;
  return {
    ...contents,
    name: called,
    displayName: asked === undefined ? shown : `${shown} (${asked})`,
    // Whoever opens it again gets the same images.
    path: withWishes(place, { split: asked, csv, label }),
  };
}

async function openPlace(given: string, place: string, request: ReadingRequest): Promise<SplitContents> {
  const { cacheDir, asked } = request;
  const found = await statIfThere(place);
  if (!found) {
    throw new UserError(
      `${given}: expected cifar10, mnist, imagenet:PATH, or the path of an image folder, of an archive of one (.zip, .tar, .tar.gz), or of a ` +
        'table of labels (.csv, .jsonl, .parquet); found no such file or folder',
    );
  }
  // Else the first file that is looked for in it would be what cannot be read.
  if (found.isDirectory()) await accessToRead(place, constants.R_OK | constants.X_OK);
  if (request.csv !== undefined)
    return await openTableFile(request.csv, request, found.isDirectory() ? place : undefined);
  if (found.isFile()) {
    if (/\.(csv|tsv|jsonl|ndjson|txt|lst)$/i.test(place)) return await openTableFile(place, request);
    if (PARQUET.test(place)) return (await openParquet(listOne(place), request))!;
    if (await isImageFile(place)) {
      throw new UserError(
        `${given}: expected a data set, found a single picture; give its folder, or the picture to 'pushpull corrupt' or 'pushpull augment'`,
      );
    }
  }
  if (await hasImageNetArchive(place)) return await openImageNet({ path: place }, request);
  const listing = await openListing(await imageFolderIn(place), cacheDir, asked);
  try {
    return (
      (await openCifar(listing, request)) ??
      (found.isDirectory() ? await openParquet(listing, request) : undefined) ??
      (await openTars(listing, request, found.isFile())) ??
      (await openImageFolder(listing, request))
    );
  } catch (error) {
    await listing.close();
    throw error;
  }
}

/** WebDataset's tars, in a folder or alone. */
async function openTars(
  listing: Listing,
  request: ReadingRequest,
  isFile: boolean,
): Promise<SplitContents | undefined> {
  if (isFile) return isWebDataset(listing) ? await openWebDataset(listing, [], request) : undefined;
  const shards = shardsOf(listing);
  return shards && (await openWebDataset(listing, shards, request));
}

/** The images that a table or a list names, from its own folder or from another. */
async function openTableFile(file: string, request: ReadingRequest, folder?: string): Promise<SplitContents> {
  const home = path.dirname(path.resolve(file));
  // Beside the table the images are found by their paths alone: the folder may hold a million others.
  const listing =
    folder === undefined ? listFiles(home, []) : await openListing(folder, request.cacheDir, request.asked);
  try {
    const base = folder === undefined ? '' : path.relative(folder, home);
    const inside = base.startsWith('..') || path.isAbsolute(base) ? '' : base;
    const table = await readTableFile(file, listing, inside, request.label);
    return await openTables(listing, [{ table, base: inside }], request);
  } catch (error) {
    await listing.close();
    throw error;
  }
}
