import { tmpdir } from 'node:os';
import path from 'node:path';
import { homeFolder } from '../engine/node/home.ts';

/**
 * Where downloads and unpacked archives are kept: what the user says (`--cache`), else the environment variable
 * PUSHPULL_CACHE, else the operating system's folder for caches (`~/.cache/pushpull` on Linux).
 */
export function cacheFolder(given?: string): string {
  return path.resolve(given ?? (process.env.PUSHPULL_CACHE || systemFolder()));
}

function systemFolder(): string {
  const { LOCALAPPDATA, XDG_CACHE_HOME } = process.env;
  const home = homeFolder();
  if (home === undefined) return path.join(tmpdir(), 'pushpull-cache');
  if (process.platform === 'darwin') return path.join(home, 'Library', 'Caches', 'pushpull');
  if (process.platform === 'win32') {
    return path.join(LOCALAPPDATA || path.join(home, 'AppData', 'Local'), 'pushpull', 'Cache');
  }
  return path.join(XDG_CACHE_HOME || path.join(home, '.cache'), 'pushpull');
}
