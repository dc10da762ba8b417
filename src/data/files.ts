/** Writing result files: either the whole file is there afterwards, or what was there before. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../errors.ts';

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

/** A name in the same folder, hence on the same disk, that no other process uses. */
export function temporaryNeighbour(file: string): string {
  const name = `.${path.basename(file)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  return path.join(path.dirname(file), name);
}

const WRITE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; make room and try again',
  EDQUOT: 'your disk quota is used up; make room and try again',
  EACCES: 'you may not write there; choose another place or change its permissions',
  EPERM: 'you may not write there; choose another place or change its permissions',
  EROFS: 'the disk is read-only; choose another place',
  EISDIR: 'it is a folder; choose another name',
  ENOTDIR: 'a part of its path is a file, not a folder; choose another place',
  EEXIST: 'a part of its path is a file, not a folder; choose another place',
  ENAMETOOLONG: 'the name is too long; choose a shorter one',
};

/** The error of a failed write as a UserError where the user can mend it; any other comes back unchanged. */
export function explainWriteError(error: unknown, file: string): unknown {
  const problem = WRITE_PROBLEMS[errorCode(error) ?? ''];
  return problem ? new UserError(`${file}: cannot be written: ${problem}`) : error;
}

/** Why a file that a user named could not be read, in a few words. */
export function readProblem(error: unknown): string {
  return errorCode(error) === 'ENOENT' ? 'no such file' : (error as Error).message;
}

/** The system's code of an error (`ENOENT`, ...), if it has one. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
