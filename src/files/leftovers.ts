/** Half-written files and temporary folders, and those of processes that are gone. */

import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { atExit } from './cleanup.ts';
import { mkdtemp, readdir, rm, rmSync, stat } from './fs.ts';
import { isRunning } from './process-identity.ts';

/** The names that `temporaryNeighbour` gives. */
const TEMPORARY = /^\..+\.(\d+)\.[0-9a-f]{8}\.tmp$/;

/**
 * Remove what a process left half-written: in a folder and below it, or, of a single file, beside that one.
 *
 * @param pid of a process that is known to be gone; nothing is done while another one has that number
 */
export async function removeLeftovers(output: string, pid: number): Promise<void> {
  if (pid !== process.pid && isRunning(pid)) return;
  const isFolder = (await stat(output).catch(() => undefined))?.isDirectory() === true;
  const find = (place: string) => readdir(place, { withFileTypes: true }).catch(() => []);
  const isLeft = (name: string) => Number(TEMPORARY.exec(name)?.[1]) === pid;
  const remove = (place: string) => rm(place, { force: true }).catch(() => {});
  if (!isFolder) {
    const [folder, stem] = [path.dirname(output), path.parse(output).name];
    for (const { name } of await find(folder)) {
      if (isLeft(name) && name.startsWith(`.${stem}.`)) await remove(path.join(folder, name));
    }
    return;
  }
  const folders = [output];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await find(folder)) {
      const place = path.join(folder, entry.name);
      if (entry.isDirectory()) folders.push(place);
      else if (isLeft(entry.name)) await remove(place);
    }
  }
}

/** A folder in the system's place for temporary ones; `remove` may be called early, and is when the process ends. */
export interface TemporaryFolder {
  readonly folder: string;
  remove(): Promise<void>;
}

/**
 * Make a folder that does not outlive this process. Those that killed processes of this machine left are removed first.
 *
 * @param purpose a word for its name
 */
export async function makeTemporaryFolder(purpose: string): Promise<TemporaryFolder> {
  const prefix = `pushpull-${purpose}-`;
  const host = hostname().replace(/[^\w]/g, '_');
  for (const name of await readdir(tmpdir()).catch((): string[] => [])) {
    if (!name.startsWith(prefix)) continue;
    const [pid, of] = name.slice(prefix.length).split('-');
    if (of !== host || !/^\d+$/.test(pid!) || isRunning(Number(pid))) continue;
    await rm(path.join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
  const folder = await mkdtemp(path.join(tmpdir(), `${prefix}${process.pid}-${host}-`));
  const forget = atExit(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    remove: async () => {
      forget();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
