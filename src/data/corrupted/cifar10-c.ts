import { CORRUPTIONS, type CorruptionName, SEVERITIES } from '../../corrupt/names.ts';
import { UserError } from '../../errors.ts';
import { CIFAR10_CLASSES } from '../formats/cifar/cifar10.ts';
import { CIFAR100_CLASSES } from '../formats/cifar/cifar100-classes.ts';
import type { Listing } from '../listing/listed-files.ts';
import { openListing } from '../listing/listing.ts';
import { locateNpyImages, type NpyImages, readNpyLabels } from '../npy/images.ts';
import { goOn, MANIFEST_FILE, parseManifest } from './manifest.ts';
import type { CorruptedReader } from './reader.ts';

const LABELS = 'labels';
const SIDE = 32;

/** The published sets of this form. */
const SETS = {
  'cifar10-c': { displayName: 'CIFAR-10-C', classes: CIFAR10_CLASSES, other: 'cifar100-c' },
  'cifar100-c': { displayName: 'CIFAR-100-C', classes: CIFAR100_CLASSES, other: 'cifar10-c' },
} as const;

/**
 * CIFAR-10-C and CIFAR-100-C: `<corruption>.npy`, uint8 `[5 · images, 32, 32, 3]`, severity 1 first, and `labels.npy`; in a folder or
 * in an archive, there possibly one folder deep. Images are read where they lie, one by one.
 *
 * A set that `pushpull corrupt` wrote may have other classes, sizes or fewer severities: its manifest says which.
 */
export async function openCifarC(
  place: string,
  format: keyof typeof SETS,
  cacheDir?: string,
): Promise<CorruptedReader> {
  const { displayName } = SETS[format];
  const listing = await openListing(place, cacheDir);
  try {
    const files = findArrays(listing);
    const archive = listing.files.find((file) => /\.(tar|tar\.gz|tgz)$/i.test(file));
    if (files.size === 0 && archive !== undefined) {
      throw new UserError(
        `${place}: expected <corruption>.npy, found the archive ${archive}; give the path of the archive itself`,
      );
    }
    const manifest = await readManifest(listing);
    const severities = manifest?.severities ?? SEVERITIES;
    const classes = manifest?.data.classes ?? SETS[format].classes;
    return {
      displayName,
      strengths: manifest?.set ?? 'cifar',
      frost: manifest?.frost ?? 'published',
      // Which severities an array has is known of those that the manifest names.
      held: new Map(
        CORRUPTIONS.filter(
          (name) => files.has(name) && (!manifest || manifest.corruptions[name] !== undefined),
        ).map((name) => [name, severities]),
      ),
      leftOut: manifest?.data.unreadable?.length,
      declared: manifest && (Object.keys(manifest.corruptions) as CorruptionName[]),
      goOn: manifest && ((lacking) => goOn(manifest, lacking, place)),
      open: async (corruptions) => {
        const labelFile = files.get(LABELS);
        if (labelFile === undefined) {
          throw new UserError(
            `${place}: expected labels.npy beside the corruptions, found none; fetch the set again`,
          );
        }
        const all = await readNpyLabels(
          listing,
          labelFile,
          manifest ? classes.length : CIFAR100_CLASSES.length,
        );
        if (!manifest) checkNumberOfClasses(all, format, listing.describe(labelFile), place);
        const images = all.length / severities.length;
        checkLabels(all, images, severities.length, listing.describe(labelFile));
        const arrays = new Map<CorruptionName, NpyImages>();
        for (const corruption of corruptions) {
          const array = await locateNpyImages(listing, files.get(corruption)!);
          const [first = array] = arrays.values();
          const { width, height } = manifest ? first : { width: SIDE, height: SIDE };
          checkShape(array, [all.length, height, width, 3]);
          arrays.set(corruption, array);
        }
        return {
          classes,
          labels: all.slice(0, images),
          cell: (corruption, severity) => {
            const array = arrays.get(corruption)!;
            const first = severities.indexOf(severity) * images;
            const rows = Float64Array.from({ length: images }, (_, index) => first + index);
            return {
              storage: array.storage(rows),
              describe: (index) => `${array.name}, row ${first + index}`,
            };
          },
        };
      },
      close: () => listing.close(),
    };
  } catch (error) {
    await listing.close();
    throw error;
  }
}

/** The two published sets differ in nothing but their labels. */
function checkNumberOfClasses(
  labels: Int32Array,
  format: keyof typeof SETS,
  name: string,
  place: string,
): void {
  const most = labels.reduce((largest, label) => Math.max(largest, label), 0);
  const { classes, displayName, other } = SETS[format];
  if (most < CIFAR10_CLASSES.length === (format === 'cifar10-c')) return;
  throw new UserError(
    `${name}: expected labels from 0 to ${classes.length - 1} as ${displayName} has them, found ${most} at most; give the set as ${other}:${place}`,
  );
}

/** The npy files that matter, by name without ending. */
function findArrays({ files, place }: Listing): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const known: readonly string[] = [...CORRUPTIONS, LABELS];
  files.forEach((file, index) => {
    const match = /^(?:[^/]+\/)?([^/.]+)\.npy$/.exec(file);
    if (!match || !known.includes(match[1])) return;
    const other = found.get(match[1]);
    if (other !== undefined) {
      throw new UserError(
        `${place}: expected one set, found ${files[other]} and ${file}; give the folder of one`,
      );
    }
    found.set(match[1], index);
  });
  return found;
}

async function readManifest(listing: Listing) {
  const file = listing.files.findIndex((name) => new RegExp(`^(?:[^/]+/)?${MANIFEST_FILE}$`).test(name));
  if (file < 0) return undefined;
  // A copy: text decoders take no shared memory.
  return parseManifest(new TextDecoder().decode((await listing.read(file)).slice()), listing.describe(file));
}

function checkLabels(labels: Int32Array, images: number, severities: number, name: string): void {
  if (labels.length === 0 || !Number.isInteger(images)) {
    throw new UserError(
      `${name}: expected labels of ${severities} severities, as many for each, found ${labels.length}; fetch the set again`,
    );
  }
  const other = labels.findIndex((label, row) => label !== labels[row % images]);
  if (other >= 0) {
    throw new UserError(
      `${name}: expected the same labels for each of ${severities} severities, found ${labels[other]} in row ${other} ` +
        `and ${labels[other % images]} in row ${other % images}; fetch the set again`,
    );
  }
}

function checkShape({ name, count, height, width }: NpyImages, expected: readonly number[]): void {
  if (count === expected[0] && height === expected[1] && width === expected[2]) return;
  throw new UserError(
    `${name}: expected uint8 of shape (${expected.join(', ')}), as many rows as labels.npy has, ` +
      `found (${[count, height, width, 3].join(', ')}); fetch the set again`,
  );
}
