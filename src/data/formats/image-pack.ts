/** Image files taken out of packed ones: in memory where they are few, else in one file in the cache folder. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { cacheFolder } from '../../files/cache-folder.ts';
import { explainWriteError, temporaryNeighbour, writeFileAtomic } from '../../files/files.ts';
import { mkdir, open, readFile, rename, rm, stat } from '../../files/fs.ts';
import type { ImageStorage } from '../storage.ts';

/** More bytes go to the cache folder. */
const LARGEST_IN_MEMORY = 2 ** 30;

/**
 * The images that `read` hands over one after the other.
 *
 * @param sources the packed files, as long as which do not change the images are kept
 * @param key what else decides which images these are
 * @param largest bytes of the sources from which on the images are kept in the cache folder
 */
export async function packImages(
  sources: readonly string[],
  key: readonly unknown[],
  cacheDir: string | undefined,
  read: (add: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
  largest: number = LARGEST_IN_MEMORY,
): Promise<ImageStorage> {
  const facts = await Promise.all(
    sources.map(async (file) => [file, (await stat(file)).size, (await stat(file)).mtimeMs] as const),
  );
  const size = facts.reduce((sum, [, bytes]) => sum + bytes, 0);
  if (size <= largest / 2) return await packInMemory(read);
  const hash = createHash('sha256')
    .update(JSON.stringify([facts, key]))
    .digest('hex')
    .slice(0, 16);
  const pack = path.join(cacheFolder(cacheDir), 'unpacked', `${path.basename(sources[0])}-${hash}.images`);
  const index = `${pack}.lengths`;
  const kept = await readFile(index).catch(() => undefined);
  const lengths = kept
    ? new Float64Array(kept.buffer.slice(kept.byteOffset, kept.byteOffset + kept.length))
    : await packToFile(pack, read);
  if (!kept) await writeFileAtomic(index, new Uint8Array(lengths.buffer));
  return { kind: 'ranges', file: pack, offsets: offsetsOf(lengths), lengths };
}

function offsetsOf(lengths: Float64Array): Float64Array {
  const offsets = new Float64Array(lengths.length);
  for (let index = 1; index < lengths.length; index++)
    offsets[index] = offsets[index - 1] + lengths[index - 1];
  return offsets;
}

async function packInMemory(
  read: (add: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<ImageStorage> {
  const pieces: Uint8Array[] = [];
  await read(async (bytes) => {
    // A copy: the reader's page would be kept whole for each image in it.
    pieces.push(bytes.slice());
  });
  const lengths = Float64Array.from(pieces, ({ length }) => length);
  const offsets = offsetsOf(lengths);
  const bytes = new SharedArrayBuffer(lengths.reduce((sum, length) => sum + length, 0));
  const view = new Uint8Array(bytes);
  for (const [index, piece] of pieces.entries()) view.set(piece, offsets[index]);
  return { kind: 'memory', bytes, offsets, lengths };
}

async function packToFile(
  pack: string,
  read: (add: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<Float64Array<ArrayBuffer>> {
  const temporary = temporaryNeighbour(pack);
  const lengths: number[] = [];
  try {
    await mkdir(path.dirname(pack), { recursive: true });
    const handle = await open(temporary, 'wx');
    try {
      await read(async (bytes) => {
        await handle.writeFile(bytes);
        lengths.push(bytes.length);
      });
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, pack);
    return Float64Array.from(lengths);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw explainWriteError(error, pack);
  }
}
