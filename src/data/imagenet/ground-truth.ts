import path from 'node:path';
import { UserError } from '../../errors.ts';
import { readFile, statIfThere } from '../../files/fs.ts';
import { openListing } from '../listing/listing.ts';
import { readMat } from './mat-file.ts';

/** What tells the classes of the validation images, one of them is enough. */
export const GROUND_TRUTH = [
  'ILSVRC2012_devkit_t12.tar.gz',
  'ILSVRC2012_devkit_t12',
  'LOC_val_solution.csv',
] as const;

const LABELS = 'data/ILSVRC2012_validation_ground_truth.txt';
const META = 'data/meta.mat';

/**
 * The class (WordNet id) of each validation image, by the number in the image's name minus one.
 *
 * The devkit has an "ILSVRC2012 id" a line, which its `meta.mat` translates; these ids are not the classes' places in
 * alphabetical order. Kaggle's `LOC_val_solution.csv` names the classes themselves.
 *
 * @param folder Where the official archives lie.
 * @throws UserError when there is neither, or it is damaged
 */
export async function readGroundTruth(folder: string, cacheDir?: string): Promise<readonly string[]> {
  const [archive, unpacked, solution] = GROUND_TRUTH.map((name) => path.join(folder, name));
  for (const devkit of [archive, unpacked]) {
    if (await exists(devkit)) return await readDevkit(devkit, cacheDir);
  }
  if (await exists(solution)) return readSolution(await readFile(solution, 'utf8'), solution);
  throw new UserError(
    `${folder}: expected ${GROUND_TRUTH.join(' or ')}, which tell the classes of the validation images, found none; ` +
      'put one of them beside ILSVRC2012_img_val.tar',
  );
}

/** Kaggle has its list above `ILSVRC/Data/CLS-LOC/val`. */
const LEVELS_ABOVE = 4;
/** The devkit's list where it was taken out of `data/`, with `meta.mat` beside it. */
const LIST = path.basename(LABELS);

/**
 * The classes of validation images that lie in a folder or below it: the devkit, its list or Kaggle's is looked for there
 * and in the folders above.
 *
 * @returns undefined when there is none
 * @throws UserError when it is damaged
 */
export async function findGroundTruth(
  place: string,
  cacheDir?: string,
): Promise<{ readonly wnids: readonly string[]; readonly file: string } | undefined> {
  let folder = place;
  for (let level = 0; level <= LEVELS_ABOVE; level++) {
    for (const name of GROUND_TRUTH) {
      const file = path.join(folder, name);
      if (await exists(file)) return { wnids: await readGroundTruth(folder, cacheDir), file };
    }
    const [list, meta] = [path.join(folder, LIST), path.join(folder, path.basename(META))];
    if (await exists(list)) return { wnids: await readList(list, meta), file: list };
    folder = path.dirname(folder);
  }
  return undefined;
}

async function readList(list: string, meta: string): Promise<readonly string[]> {
  const text = await readFile(list, 'utf8');
  // Lists that others made have the classes themselves.
  if (/^n\d{8}$/.test(text.trim().split(/\s+/, 1)[0])) return text.trim().split(/\s+/);
  if (!(await exists(meta))) {
    throw new UserError(
      `${list}: expected meta.mat of the devkit beside it, which tells what its numbers mean, found none; put it there`,
    );
  }
  return translate(text, list, readWnids(await readFile(meta), meta));
}

async function exists(file: string): Promise<boolean> {
  return (await statIfThere(file)) !== undefined;
}

async function readDevkit(place: string, cacheDir?: string): Promise<readonly string[]> {
  const listing = await openListing(place, cacheDir);
  try {
    const read = async (name: string) => {
      const file = listing.files.findIndex((entry) => entry === name || entry.endsWith(`/${name}`));
      if (file < 0) throw new UserError(`${place}: expected ${name}, found none; fetch the devkit again`);
      return { bytes: await listing.read(file), described: listing.describe(file) };
    };
    const meta = await read(META);
    const labels = await read(LABELS);
    const wnids = readWnids(meta.bytes, meta.described);
    return translate(new TextDecoder().decode(labels.bytes), labels.described, wnids);
  } finally {
    await listing.close();
  }
}

function translate(text: string, name: string, wnids: ReadonlyMap<number, string>): readonly string[] {
  return text
    .trim()
    .split(/\s+/)
    .map((id, index) => {
      const wnid = wnids.get(Number(id));
      if (wnid !== undefined) return wnid;
      throw new UserError(
        `${name}, line ${index + 1}: expected the id of a class in meta.mat, found "${id}"; fetch the devkit again`,
      );
    });
}

/** From `meta.mat`: its struct `synsets` has an ILSVRC2012_ID and a WNID each. */
function readWnids(bytes: Uint8Array, name: string): ReadonlyMap<number, string> {
  const synsets = readMat(bytes, name).get('synsets');
  const wnids = new Map<number, string>();
  if (synsets?.kind === 'structs') {
    for (const synset of synsets.structs) {
      const id = synset.get('ILSVRC2012_ID');
      const wnid = synset.get('WNID');
      if (id?.kind === 'numbers' && wnid?.kind === 'text') wnids.set(id.values[0], wnid.text);
    }
  }
  if (wnids.size > 0) return wnids;
  throw new UserError(
    `${name}: expected the struct 'synsets' with ILSVRC2012_ID and WNID, found none; fetch the devkit again`,
  );
}

/** Lines such as `ILSVRC2012_val_00048981,n03995372 85 1 499 272`: the class, and boxes. */
function readSolution(text: string, file: string): readonly string[] {
  const wnids: string[] = [];
  const lines = text.trim().split(/\r?\n/);
  lines.forEach((line, index) => {
    const match = /^ILSVRC2012_val_(\d{8}),(n\d{8})\b/.exec(line);
    if (match) wnids[Number(match[1]) - 1] = match[2];
    else if (index > 0) {
      throw new UserError(
        `${file}, line ${index + 1}: expected an image and its class such as ` +
          `ILSVRC2012_val_00048981,n03995372 85 1 499 272, found "${line.slice(0, 60)}"; fetch it again`,
      );
    }
  });
  return wnids;
}
