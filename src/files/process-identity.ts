/** Which process something belongs to, and whether that one is still there. */

import { execFile } from 'node:child_process';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import { errorCode } from './files.ts';
import { readFile, readlink } from './fs.ts';

/** A process, told apart from all that had or will have its number. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /**
   * Where the number counts: a start of the machine and, where there are containers, the one. Processes of another realm
   * cannot be looked for.
   */
  readonly realm?: string;
  /** When it began, as the system tells it. */
  readonly started?: string;
}

let own: Promise<ProcessIdentity> | undefined;

/** This process. */
export function ownIdentity(): Promise<ProcessIdentity> {
  own ??= (async () => {
    const [realm, started] = await Promise.all([ownRealm(), startOf(process.pid)]);
    return { pid: process.pid, host: hostname(), ...(realm && { realm }), ...(started && { started }) };
  })();
  return own;
}

/** Whether a process is there; `unknown` where that cannot be seen from here. */
export async function lookFor(other: ProcessIdentity): Promise<'there' | 'gone' | 'unknown'> {
  const me = await ownIdentity();
  if (other.host !== me.host) return 'unknown';
  if (other.realm !== undefined && other.realm !== me.realm) return 'unknown';
  if (!isRunning(other.pid)) return 'gone';
  const started = await startOf(other.pid);
  if (other.started === undefined || started === undefined) return 'unknown';
  return other.started === started ? 'there' : 'gone';
}

/** Whether a process of this number is there. One of somebody else's is there all the same. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

async function ownRealm(): Promise<string | undefined> {
  const [boot, space] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined),
    readlink('/proc/self/ns/pid').catch(() => undefined),
  ]);
  return boot && `${boot.trim()} ${space ?? ''}`.trim();
}

/** When a process began: clock ticks since the machine was started, or a date where the system has no /proc. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field, the program's name, may hold spaces; it ends at the last parenthesis.
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  if (process.platform === 'linux' || process.platform === 'win32') return undefined;
  const options = { env: { ...process.env, LC_ALL: 'C' } };
  const told = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], options).catch(
    () => undefined,
  );
  return told?.stdout.trim() || undefined;
}
