/** One process at a time works in the folder of an experiment. */
import { open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { errorCode, explainWriteError } from '../data/files.ts';
import { UserError } from '../errors.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the system counts it; tells apart processes that got the same number. */
  readonly started?: string;
}

/**
 * Take a lock. One that a process left behind when it died is taken over.
 *
 * @returns what gives it back
 * @throws UserError when another process, which is still there, has it
 */
export async function takeLock(file: string): Promise<() => Promise<void>> {
  const started = await startOf(process.pid);
  const me: Holder = { pid: process.pid, host: hostname(), ...(started && { started }) };
  // Twice: once more after a stale lock was cleared away.
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(`${JSON.stringify(me)}\n`);
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw explainWriteError(error, file);
      await clearStale(file);
    }
  }
  throw new UserError(`${file}: another process has taken the lock just now; try again when it is done`);
}

async function clearStale(file: string): Promise<void> {
  const holder = await readHolder(file);
  if (holder && holder.host !== hostname()) {
    throw new UserError(
      `${file}: process ${holder.pid} on ${holder.host} works in this folder; wait for it, or delete the file if it is gone`,
    );
  }
  if (holder && (await isAlive(holder))) {
    throw new UserError(
      `${file}: process ${holder.pid} works in this folder; wait for it or stop it, or choose another --out`,
    );
  }
  await rm(file, { force: true });
}

/** Undefined where the file was cut off: its writer died before it could begin. */
async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const value = JSON.parse(await readFile(file, 'utf8')) as Partial<Holder>;
    return typeof value.pid === 'number' && typeof value.host === 'string' ? (value as Holder) : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of somebody else's is alive all the same.
    if (errorCode(error) !== 'EPERM') return false;
  }
  const now = await startOf(pid);
  return started === undefined || now === undefined || now === started;
}

/** Start time of a process in clock ticks since the machine was booted; undefined where the system has no /proc. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field, the program's name, may hold spaces; it ends at the last parenthesis.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
