/** `pushpull data --check`: every image is read, and what is odd about the images is told. */
import pc from 'picocolors';
import type { Dataset } from '../../data/contents.ts';
import { contentDigest, type FileKind, fileKind, isKindOf } from '../../data/listing/file-kind.ts';
import { decodingReason } from '../../data/pictures/decode.ts';
import { ImageReader } from '../../data/storage.ts';
import { UserError } from '../../errors.ts';
import { plural, thousands } from '../../words.ts';
import { ProgressLine } from '../shared/progress.ts';

/** Names that are printed; the number is told of all. */
const MOST_NAMED = 20;
/** Of what is odd and does no harm. */
const EXAMPLES = 3;

interface Found {
  readonly bad: string[];
  readonly cmyk: string[];
  readonly misnamed: string[];
  /** First image of each content, and the further ones. */
  readonly twins: {
    readonly name: string;
    readonly first: string;
    readonly across: boolean;
    readonly other: boolean;
  }[];
}

/**
 * Read all images; say which cannot be read, which are there twice (the same pixels), which are CMYK, and whose ending
 * says another format than they are in.
 *
 * @throws UserError when an image cannot be read
 */
export async function checkImages(splits: readonly Dataset[], signal: AbortSignal): Promise<void> {
  const total = splits.reduce((sum, { length }) => sum + length, 0);
  const line = new ProgressLine();
  const found: Found = { bad: [], cmyk: [], misnamed: [], twins: [] };
  const seen = new Map<string, { split: Dataset; index: number }>();
  let done = 0;
  try {
    for (const split of splits) {
      const reader = new ImageReader(split.images.storage);
      try {
        for (let index = 0; index < split.length; index++) {
          signal.throwIfAborted();
          await checkImage(split, index, reader, found, seen);
          line.update(++done, total, 'reading', 'images');
        }
      } finally {
        await reader.close();
      }
    }
  } finally {
    line.clear();
  }
  report(found, splits);
  const { bad } = found;
  if (bad.length === 0) {
    console.log(`${pc.green('✓')} all ${thousands(total)} images can be read`);
    return;
  }
  throw new UserError(
    `--check: expected ${thousands(total)} readable images, found ${bad.length} that are not; ` +
      'replace or remove them (training skips them, evaluation needs --skip-bad)',
  );
}

async function checkImage(
  split: Dataset,
  index: number,
  reader: ImageReader,
  found: Found,
  seen: Map<string, { split: Dataset; index: number }>,
): Promise<void> {
  const name = split.describe(index);
  try {
    const image = await split.read(index);
    if (image.damage !== undefined) found.bad.push(`${name}: ${image.damage}`);
    const digest = contentDigest(image);
    const first = seen.get(digest);
    if (first) {
      const other = split.classes[split.label(index)] !== first.split.classes[first.split.label(first.index)];
      const twin = { name, first: first.split.describe(first.index), across: first.split !== split, other };
      found.twins.push(twin);
    } else seen.set(digest, { split, index });
  } catch (error) {
    found.bad.push(`${name}: ${decodingReason(error)}`);
    return;
  }
  const bytes = await reader.readBytes(index);
  const kind: FileKind | undefined = bytes && fileKind(bytes);
  if (!kind) return;
  if (kind.cmyk) found.cmyk.push(name);
  if (!isKindOf(kind, name)) found.misnamed.push(`${name} is ${kind.format}`);
}

function report({ bad, cmyk, misnamed, twins }: Found, splits: readonly Dataset[]): void {
  for (const text of bad.slice(0, MOST_NAMED)) console.log(text);
  if (bad.length > MOST_NAMED) console.log(`... and ${bad.length - MOST_NAMED} more`);
  const across = twins.filter((twin) => twin.across);
  const within = twins.filter((twin) => !twin.across);
  const differing = twins.filter(({ other }) => other);
  const pair = ({ name, first }: Found['twins'][number]) => `${name} = ${first}`;
  const [, second] = splits;
  if (across.length > 0) {
    note(
      `${plural(across.length, 'image')} of ${second.source.split} ${across.length === 1 ? 'is' : 'are'} in ${splits[0].source.split} too, ` +
        'to the pixel: errors come out too low',
      across.map(pair),
    );
  }
  if (within.length > 0) {
    note(
      `${plural(within.length, 'image')} ${within.length === 1 ? 'repeats' : 'repeat'} another of the same split to the pixel, and count again`,
      within.map(pair),
    );
  }
  if (differing.length > 0) {
    note(
      `${plural(differing.length, 'pair')} of these ${differing.length === 1 ? 'has' : 'have'} different classes: one of the two is wrong`,
      differing.map(pair),
    );
  }
  if (cmyk.length > 0) {
    note(
      `${plural(cmyk.length, 'image')} in CMYK: converted to RGB by the formula, as Pillow does, without colour profiles`,
      cmyk,
    );
  }
  if (misnamed.length > 0) {
    note(
      `${plural(misnamed.length, 'image')} of another format than the name says: read as what they are`,
      misnamed,
    );
  }
}

function note(text: string, examples: readonly string[]): void {
  console.log(`${pc.yellow('note:')} ${text}`);
  for (const example of examples.slice(0, EXAMPLES)) console.log(`      ${example}`);
  if (examples.length > EXAMPLES) console.log(`      ... and ${examples.length - EXAMPLES} more`);
}
