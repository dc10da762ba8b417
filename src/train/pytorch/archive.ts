/** The zip archive that `torch.save` writes since PyTorch 1.6: `NAME/data.pkl`, and a storage in each `NAME/data/KEY`. */

import zlib from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { open } from '../../data/fs.ts';

/** What is wrong with the archive. */
export class ArchiveError extends Error {}

export interface Archive {
  /** Names of the members, without the folder that all of them are in. */
  readonly names: ReadonlySet<string>;
  /** Bytes of a member; 0 when there is none. */
  size(name: string): number;
  /** All bytes of a member. */
  read(name: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

const MAX_MEMBERS = 1_000_000;
/** It came with Node 20.15; before, damaged values go unnoticed where their number is right. */
const crc32: ((bytes: Uint8Array) => number) | undefined = zlib.crc32;
const STORED = 0;

/**
 * Open an archive. Only its list of members is read; `read` gets one at a time.
 *
 * @throws ArchiveError when the zip is damaged, or has what PyTorch never writes: compression, encryption, members that
 *   share bytes or a name
 */
export async function openArchive(path: string): Promise<Archive> {
  const zip = await explained(() => openPromise(path, { autoClose: false }));
  try {
    const members = await explained(() => listMembers(zip));
    const file = await open(path, 'r');
    return {
      names: new Set(members.keys()),
      size: (name) => members.get(name)?.uncompressedSize ?? 0,
      read: (name) =>
        explained(async () => {
          const entry = members.get(name);
          if (entry === undefined) throw new ArchiveError(`it has no member '${name}'`);
          if (entry.compressionMethod !== STORED || entry.isEncrypted()) {
            throw new ArchiveError(
              `its member '${name}' is compressed or encrypted, which PyTorch does not do`,
            );
          }
          const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
          const size = entry.uncompressedSize;
          if (fileDataStart + size > zip.fileSize)
            throw new ArchiveError(`it ends inside its member '${name}'`);
          const bytes = new Uint8Array(size);
          for (let done = 0; done < size; ) {
            const { bytesRead } = await file.read(
              bytes,
              done,
              Math.min(size - done, 2 ** 30),
              fileDataStart + done,
            );
            if (bytesRead === 0) throw new ArchiveError(`it ends inside its member '${name}'`);
            done += bytesRead;
          }
          if (crc32 !== undefined && crc32(bytes) !== entry.crc32) {
            throw new ArchiveError(`the checksum of its member '${name}' is wrong`);
          }
          return bytes;
        }),
      close: async () => {
        zip.close();
        await file.close();
      },
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function listMembers(zip: ZipFile): Promise<Map<string, Entry>> {
  if (zip.entryCount > MAX_MEMBERS) throw new ArchiveError(`it announces ${zip.entryCount} members`);
  const members = new Map<string, Entry>();
  let folder: string | undefined;
  let total = 0;
  for await (const entry of zip.eachEntry()) {
    const slash = entry.fileName.indexOf('/');
    const name = entry.fileName.slice(slash + 1);
    folder ??= entry.fileName.slice(0, slash);
    if (slash < 0 || entry.fileName.slice(0, slash) !== folder) {
      throw new ArchiveError(`its members are in several folders ('${folder}', '${entry.fileName}')`);
    }
    if (members.has(name)) throw new ArchiveError(`it has two members '${name}'`);
    members.set(name, entry);
    if (entry.compressionMethod === STORED) total += entry.uncompressedSize;
  }
  if (total > zip.fileSize) throw new ArchiveError('its members share bytes');
  return members;
}

async function explained<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    // yauzl throws plain errors about the archive, the system ones with a code.
    if (error instanceof ArchiveError || (error as { code?: unknown }).code !== undefined) throw error;
    throw new ArchiveError(`its zip structure is broken (${(error as Error).message})`);
  }
}
