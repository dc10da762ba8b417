import path from 'node:path';
import envPaths from 'env-paths';

/**
 * Where downloads and unpacked archives are kept: what the user says (`--cache`), else the environment variable
 * PUSHPULL_CACHE, else the operating system's folder for caches (`~/.cache/pushpull` on Linux).
 */
export function cacheFolder(given?: string): string {
  return path.resolve(given ?? (process.env.PUSHPULL_CACHE || envPaths('pushpull', { suffix: '' }).cache));
}
