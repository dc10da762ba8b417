/**
 * Node's file system, whose refusals are UserErrors that name the file and say what to do. The rest of this project takes
 * it from here, so that one place knows what the system's codes mean.
 */
import * as fs from 'node:fs';
import * as promises from 'node:fs/promises';
import { type Doing, explainError } from '../system-errors.ts';

export type { Dirent } from 'node:fs';
export { constants } from 'node:fs';
export type { FileHandle } from 'node:fs/promises';

type Anything = (...args: never[]) => unknown;

/** The same function, with explained errors; its first argument is a path. */
function explained<F extends Anything>(act: F, doing: Doing): F {
  const wrapped = (...args: unknown[]): unknown => {
    const explain = (error: unknown): never => {
      throw explainError(error, placeOf(args[0]), doing);
    };
    try {
      const result = act(...(args as never[]));
      return result instanceof Promise ? result.catch(explain) : result;
    } catch (error) {
      return explain(error);
    }
  };
  return wrapped as Anything as F;
}

function placeOf(path: unknown): string | undefined {
  if (typeof path === 'number') return descriptors.get(path);
  return typeof path === 'string' || path instanceof URL || Buffer.isBuffer(path) ? String(path) : undefined;
}

/** Whether this process may do something with what is there; see `fs.constants`. */
export const access = explained(promises.access, 'write');
/** The same, for what is only read. */
export const accessToRead = explained(promises.access, 'read');
export const appendFile = explained(promises.appendFile, 'write');
export const link = explained(promises.link, 'write');
export const lstat = explained(promises.lstat, 'read');
export const mkdir = explained(promises.mkdir, 'write');
export const mkdtemp = explained(promises.mkdtemp, 'write');
export const readdir = explained(promises.readdir, 'read');
export const readFile = explained(promises.readFile, 'read');
export const readFileSync = explained(fs.readFileSync, 'read');
export const readlink = explained(promises.readlink, 'read');
export const realpath = explained(promises.realpath, 'read');
export const rm = explained(promises.rm, 'write');
export const rmdir = explained(promises.rmdir, 'write');
export const rmSync = explained(fs.rmSync, 'write');
export const stat = explained(promises.stat, 'read');
export const writeFile = explained(promises.writeFile, 'write');

export async function rename(from: string, to: string): Promise<void> {
  // It is the new name that is at fault as a rule: what has the old one was written just before.
  await promises.rename(from, to).catch((error: unknown) => {
    throw explainError(error, to, 'write');
  });
}

export const statSync = explained(fs.statSync, 'read');

/** What is at a path, or undefined where nothing is; a refusal is an error, not nothing. */
export async function statIfThere(path: string): Promise<fs.Stats | undefined> {
  return await ifThere(stat(path));
}

/** What a path is tried for, or undefined where nothing is. */
export async function ifThere<T>(trying: Promise<T>): Promise<T | undefined> {
  try {
    return await trying;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether an error says that nothing is there, and not that it is refused. */
export function isMissing(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Methods of an open file, whose errors know no path. */
const HANDLE_METHODS: Readonly<Partial<Record<keyof promises.FileHandle, Doing>>> = {
  read: 'read',
  readFile: 'read',
  stat: 'read',
  sync: 'write',
  truncate: 'write',
  write: 'write',
  writeFile: 'write',
};

export async function open(path: string, flags: string | number = 'r'): Promise<promises.FileHandle> {
  const isRead =
    typeof flags === 'number' ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) === 0 : flags === 'r';
  const handle = await explained(promises.open, isRead ? 'read' : 'write')(path, flags);
  for (const [name, doing] of Object.entries(HANDLE_METHODS)) {
    const method = Reflect.get(handle, name) as Anything;
    const named = explained((_path: string, ...args: never[]) => method.apply(handle, args), doing);
    Object.defineProperty(handle, name, { value: (...args: never[]) => named(path, ...args) });
  }
  return handle;
}

/** Bytes of a file from an offset on, fewer where it ends before. */
export async function readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await open(path);
  try {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await handle.read(bytes, 0, length, offset);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Paths of open descriptors. */
const descriptors = new Map<number, string>();

export function openSync(path: string, flags: 'r'): number {
  const descriptor = explained(fs.openSync, 'read')(path, flags);
  descriptors.set(descriptor, path);
  return descriptor;
}

export const readSync = explained(fs.readSync, 'read');

export function closeSync(descriptor: number): void {
  descriptors.delete(descriptor);
  fs.closeSync(descriptor);
}

/** Read from a descriptor; see `fs.read`. */
export function read(
  descriptor: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(descriptor, bytes, offset, length, position, (error, count) => {
      if (error) reject(explainError(error, descriptors.get(descriptor), 'read'));
      else resolve(count);
    });
  });
}

export function createReadStream(path: string, options?: { highWaterMark?: number }): fs.ReadStream {
  return explainedStream(fs.createReadStream(path, options), path, 'read');
}

export function createWriteStream(path: string): fs.WriteStream {
  return explainedStream(fs.createWriteStream(path), path, 'write');
}

function explainedStream<S extends fs.ReadStream | fs.WriteStream>(stream: S, path: string, doing: Doing): S {
  const destroy = stream._destroy.bind(stream);
  stream._destroy = (error, callback) =>
    destroy(error, (found) => callback(found && (explainError(found, path, doing) as Error)));
  return stream;
}
