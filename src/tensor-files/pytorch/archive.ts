/** The zip archive that `torch.save` writes since PyTorch 1.6: `NAME/data.pkl`, and a storage in each `NAME/data/KEY`. */

import zlib from 'node:zlib';
import type { Entry } from 'yauzl';
import {
  explained,
  membersOf,
  openZipDirectory,
  type ZipDirectory,
  ZipError,
} from '../../files/zip-directory.ts';

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
 * @throws ZipError when the zip is damaged, or has what PyTorch never writes: compression, encryption, members that
 *   share bytes or a name
 */
export async function openArchive(path: string): Promise<Archive> {
  const directory = await openZipDirectory(path);
  try {
    const members = await listMembers(directory);
    return {
      names: new Set(members.keys()),
      size: (name) => members.get(name)?.uncompressedSize ?? 0,
      read: async (name) => {
        const entry = members.get(name);
        if (entry === undefined) throw new ZipError(`it has no member '${name}'`);
        if (entry.compressionMethod !== STORED || entry.isEncrypted()) {
          throw new ZipError(`its member '${name}' is compressed or encrypted, which PyTorch does not do`);
        }
        const header = directory.zip.readLocalFileHeaderPromise(entry, { minimal: true });
        const { fileDataStart } = await explained(header);
        const size = entry.uncompressedSize;
        if (fileDataStart + size > directory.size) throw new ZipError(`it ends inside its member '${name}'`);
        const bytes = new Uint8Array(size);
        await directory.read(bytes, fileDataStart);
        if (crc32 !== undefined && crc32(bytes) !== entry.crc32) {
          throw new ZipError(`the checksum of its member '${name}' is wrong`);
        }
        return bytes;
      },
      close: directory.close,
    };
  } catch (error) {
    await directory.close();
    throw error;
  }
}

async function listMembers(directory: ZipDirectory): Promise<Map<string, Entry>> {
  const { zip, size } = directory;
  if (zip.entryCount > MAX_MEMBERS) throw new ZipError(`it announces ${zip.entryCount} members`);
  const members = new Map<string, Entry>();
  let folder: string | undefined;
  let total = 0;
  for await (const entry of membersOf(directory)) {
    const slash = entry.fileName.indexOf('/');
    const name = entry.fileName.slice(slash + 1);
    folder ??= entry.fileName.slice(0, slash);
    if (slash < 0 || entry.fileName.slice(0, slash) !== folder) {
      throw new ZipError(`its members are in several folders ('${folder}', '${entry.fileName}')`);
    }
    if (members.has(name)) throw new ZipError(`it has two members '${name}'`);
    members.set(name, entry);
    if (entry.compressionMethod === STORED) total += entry.uncompressedSize;
  }
  if (total > size) throw new ZipError('its members share bytes');
  return members;
}
