/**
 * Locks: one process at a time writes into an output folder, or to an output file.
 *
 * A lock is a small file that names its holder and is written anew every few seconds. Whether a holder on this machine is still there,
 * the system says; of any other, the age of the file tells it, by the clock of the disk that both share.
 */

import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { UserError } from '../errors.ts';
import { problemOf } from '../system-errors.ts';
import { atExit } from './cleanup.ts';
import { errorCode, explainWriteError } from './files.ts';
import { link, mkdir, open, readFile, readFileSync, rm, rmdir, rmSync, stat, writeFile } from './fs.ts';
import { removeLeftovers } from './leftovers.ts';
import { lookFor, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** Name of the lock in a folder that a command fills. */
export const LOCK_FILE = '.pushpull.lock';

/** Seconds between two signs of life. */
const BEAT = 5;
/** A holder that cannot be looked for and gave none for so many seconds is gone. */
const SILENCE = 60;
/** Taking a dead holder's lock over takes milliseconds; who does so for more seconds died at it. */
const LONGEST_TAKEOVER = 10;

interface Holder extends ProcessIdentity {
  /** Tells apart the locks of one process. */
  readonly token: string;
  /** When it was taken, for people. */
  readonly since: string;
}

/** A lock that is held. */
export interface Lock {
  /** Aborted, with a UserError, when another process has taken the lock over while this one gave no sign of life. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** The lock of a folder that a command fills. */
export function folderLock(folder: string): string {
  return path.join(folder, LOCK_FILE);
}

/** The lock of a single file that a command writes, which leaves its folder to others. */
export function fileLock(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.lock`);
}

/**
 * Hold a lock while something is done.
 *
 * @param signal stops the work
 * @param work told when to stop: with that signal, and with a UserError as the reason when the lock is lost
 * @throws UserError when another process has the lock, or it cannot be written
 */
export async function withLock<T>(
  file: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const lock = await takeLock(file);
  try {
    const result = await work(signal ? AbortSignal.any([signal, lock.lost]) : lock.lost);
    lock.lost.throwIfAborted();
    return result;
  } catch (error) {
    lock.lost.throwIfAborted();
    throw error;
  } finally {
    await lock.release();
  }
}

/**
 * Take a lock. One whose holder is gone is taken over, and what that one left half-written beside it is removed. Missing
 * folders are made; `release` removes those that stayed empty.
 *
 * @throws UserError that names the holder, when another process, which is still there, has it
 */
export async function takeLock(file: string): Promise<Lock> {
  const me: Holder = {
    ...(await ownIdentity()),
    token: randomBytes(8).toString('hex'),
    since: new Date().toISOString(),
  };
  const folder = path.dirname(file);
  const made = await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw explainWriteError(error, folder);
  });
  const dropFolders = () => removeEmpty(folder, made);
  try {
    if (!(await create(file, me))) await takeOver(file, me);
  } catch (error) {
    await dropFolders();
    throw error;
  }
  return hold(file, me, dropFolders);
}

/** Make the file, whole from the start. False when there is one. */
async function create(file: string, me: Holder): Promise<boolean> {
  const text = `${JSON.stringify(me)}\n`;
  const own = `${file}.${me.token}`;
  try {
    await writeFile(own, text, { flag: 'wx' });
    try {
      await link(own, file);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') throw error;
      // Some disks know no second names; there the file is empty for a moment.
      await writeFile(file, text, { flag: 'wx' });
    }
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw explainWriteError(error, file);
  } finally {
    await rm(own, { force: true }).catch(() => {});
  }
}

/** Take a lock whose holder is gone. Of several that want it, one at a time looks and acts. */
async function takeOver(file: string, me: Holder): Promise<void> {
  await refuseLiving(file);
  const turn = `${file}.takeover`;
  const deadline = performance.now() + 2000 * LONGEST_TAKEOVER;
  while (!(await create(turn, me))) {
    const age = await ageOf(turn);
    if (age !== undefined && age > LONGEST_TAKEOVER) await rm(turn, { force: true });
    if (performance.now() > deadline) {
      throw new UserError(`${turn}: expected it to go within seconds, found it still there; delete it`);
    }
    await pause(20);
  }
  try {
    const gone = await refuseLiving(file);
    await rm(file, { force: true });
    if (!(await create(file, me))) await refuseLiving(file, true);
    if (gone) await removeLeftovers(describePlace(file), gone.pid);
  } finally {
    await rm(turn, { force: true });
  }
}

/**
 * @param unasked that the lock is there is reason enough
 * @returns the holder that is gone; undefined when nobody has the lock any more, or nobody can tell who
 */
async function refuseLiving(file: string, unasked = false): Promise<Holder | undefined> {
  const holder = await readHolder(file);
  const place = describePlace(file);
  if (!holder) {
    if (unasked) throw new UserError(`${place}: another process works in it; try again when it is done`);
    return undefined;
  }
  const found = await lookFor(holder);
  if (found === 'gone') return holder;
  const age = (await ageOf(file)) ?? 0;
  if (found === 'unknown' && age > SILENCE && !unasked) return holder;
  const { pid, host, since } = holder;
  const me = await ownIdentity();
  const where = host === me.host ? '' : ` on ${host}`;
  const how =
    found === 'there'
      ? 'wait for it or stop it, or choose another --out'
      : `it gave a sign of life ${Math.max(0, Math.round(age))} s ago; wait for it or stop it, or choose another --out ` +
        `(one that is silent for ${SILENCE} s counts as gone)`;
  throw new UserError(
    `${place}: process ${pid}${where} works in this ${isFolderLock(file) ? 'folder' : 'file'} since ${since}; ${how}`,
  );
}

function isFolderLock(file: string): boolean {
  return path.basename(file) === LOCK_FILE;
}

/** What a lock is of. */
function describePlace(file: string): string {
  if (isFolderLock(file)) return path.dirname(file);
  return path.join(
    path.dirname(file),
    path
      .basename(file)
      .replace(/^\./, '')
      .replace(/\.lock$/, ''),
  );
}

/** Undefined where there is none, or its writer died before it was whole. */
async function readHolder(file: string): Promise<Holder | undefined> {
  for (let attempt = 0; ; attempt++) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw new UserError(`${file}: the lock cannot be read (${problemOf(error)}); delete it`);
    });
    if (text === undefined) return undefined;
    try {
      const value = JSON.parse(text) as Partial<Holder> | null;
      if (typeof value?.pid === 'number' && typeof value.host === 'string') return value as Holder;
    } catch {
      // It may be in the making.
    }
    if (attempt > 0) return undefined;
    await pause(200);
  }
}

/** Seconds since a file was written, by the clock of its disk. Undefined where it is gone. */
async function ageOf(file: string): Promise<number | undefined> {
  const probe = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(probe, '', { flag: 'wx' });
    const [now, then] = await Promise.all([stat(probe), stat(file)]);
    return (now.mtimeMs - then.mtimeMs) / 1000;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw explainWriteError(error, file);
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}

function hold(file: string, me: Holder, dropFolders: () => Promise<void>): Lock {
  const lost = new AbortController();
  const beat = async (): Promise<void> => {
    if (await isOurs(file, me)) await renew(file, me);
    else if (!lost.signal.aborted) {
      lost.abort(
        new UserError(
          `${describePlace(file)}: the lock of this process was taken away while it gave no sign of life; ` +
            'another one may work there now. Stopped without writing more',
        ),
      );
    }
  };
  let beating = Promise.resolve();
  const timer = setInterval(() => {
    // A disk that does not answer for a while is no reason to stop.
    beating = beating.then(beat).catch(() => {});
  }, BEAT * 1000);
  timer.unref();
  const forget = atExit(() => {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Partial<Holder>;
    if (holder.token === me.token) rmSync(file, { force: true });
  });
  return {
    lost: lost.signal,
    release: async () => {
      clearInterval(timer);
      await beating;
      forget();
      if (await isOurs(file, me).catch(() => false)) await rm(file, { force: true }).catch(() => {});
      await dropFolders();
    },
  };
}

async function isOurs(file: string, me: Holder): Promise<boolean> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as Partial<Holder>).token === me.token;
  } catch (error) {
    // Cut off by this process's own writing, or not readable at the moment.
    return errorCode(error) !== 'ENOENT' && !(error instanceof SyntaxError);
  }
}

/** Written through a handle: should the file be another's by now, what is written goes nowhere. */
async function renew(file: string, me: Holder): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    if ((JSON.parse(await handle.readFile('utf8')) as Partial<Holder>).token === me.token) {
      await handle.write(`${JSON.stringify(me)}\n`, 0);
    }
  } finally {
    await handle.close();
  }
}

async function removeEmpty(folder: string, made: string | undefined): Promise<void> {
  if (made === undefined) return;
  const first = path.resolve(made);
  for (let place = path.resolve(folder); place.length >= first.length; place = path.dirname(place)) {
    try {
      await rmdir(place);
    } catch {
      return;
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
