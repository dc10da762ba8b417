/** Writing result files: either the whole file is there afterwards, or what was there before. */

import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { UserError } from '../errors.ts';
import { explainError, problemOf, SystemError, systemError } from '../system-errors.ts';
import { access, constants, ifThere, lstat, mkdir, open, rename, rm, statIfThere } from './fs.ts';

/**
 * Write a file so that no reader ever sees a part of it: to a temporary neighbour first, which is flushed to
 * the disk and then renamed. Missing folders are made.
 *
 * @throws UserError naming the file when the disk is full or the place cannot be written
 */
export async function writeFileAtomic(file: string, data: string | Uint8Array): Promise<void> {
  const temporary = temporaryNeighbour(file);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const there = await statIfThere(file);
    if (there && !there.isFile() && !there.isDirectory()) throw noOrdinaryFile(file);
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw explainWriteError(error, file);
  }
}

/**
 * Refuse a file or folder that could not be written, before there is anything to write. Nothing is made.
 *
 * @param option what messages call it by
 * @throws UserError
 */
export async function checkWritable(
  place: string,
  kind: 'file' | 'folder',
  option: string = '--out',
): Promise<void> {
  const name = `${option} ${place}`;
  if (place === '') throw new UserError(`${option}: expected a name, found an empty one`);
  try {
    const there = await statIfThere(place);
    if (there?.isDirectory()) {
      if (kind === 'file') throw systemError('EISDIR', name, 'write');
      return await mayEnter(place);
    }
    if (there && kind === 'folder') throw systemError('ENOTDIR', name, 'write');
    if (there && !there.isFile()) throw noOrdinaryFile(name);
    if (kind === 'folder' && (await ifThere(lstat(place)))) {
      throw new UserError(`${name}: expected a folder, found a link to nothing; choose another place`);
    }
    let above = path.dirname(path.resolve(place));
    let found = await statIfThere(above);
    while (!found && above !== path.dirname(above)) {
      above = path.dirname(above);
      found = await statIfThere(above);
    }
    if (!found?.isDirectory()) throw systemError('ENOTDIR', name, 'write');
    // A file is replaced by renaming, which its folder must allow.
    await mayEnter(above);
  } catch (error) {
    throw error instanceof SystemError ? systemError(error.code, name, 'write', error.problem) : error;
  }
}

/** Renaming would put a file in the place of a device such as /dev/null. */
function noOrdinaryFile(name: string): UserError {
  return new UserError(
    `${name}: expected an ordinary file, found a device, pipe or socket; choose another name`,
  );
}

async function mayEnter(folder: string): Promise<void> {
  await access(folder, constants.W_OK | constants.X_OK);
}

/** A name in the same folder, hence on the same disk, that no other process uses. */
export function temporaryNeighbour(file: string): string {
  const base = path.basename(file);
  // A name may have 255 bytes.
  const known = Buffer.byteLength(base) > 200 ? base.slice(0, 40) : base;
  const name = `.${known}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  return path.join(path.dirname(file), name);
}

/** The error of a failed write as a UserError where the user can mend it; any other comes back unchanged. */
export function explainWriteError(error: unknown, file: string): unknown {
  return explainError(error, file, 'write');
}

/** Why a file that a user named could not be read, in a few words. */
export function readProblem(error: unknown): string {
  return errorCode(error) === 'ENOENT' ? 'no such file' : problemOf(error);
}

/** The system's code of an error (`ENOENT`, ...), if it has one. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
