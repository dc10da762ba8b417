/** Indices of large data sets, kept in the cache folder so that the next start need not look at every file. */

import { createHash } from 'node:crypto';
import path from 'node:path';
import type { z } from 'zod';
import { cacheFolder } from './cache-folder.ts';
import { writeFileAtomic } from './files.ts';
import { readFile } from './fs.ts';

/** Where the index of a place is kept. */
export function indexFile(place: string, cacheDir?: string): string {
  const key = createHash('sha256').update(place).digest('hex').slice(0, 16);
  const name = path.basename(place).replace(/[^\w.-]/g, '_');
  return path.join(cacheFolder(cacheDir), 'index', `${name}-${key}.json`);
}

/** What a file holds, or undefined when it is missing, damaged or of another version: it can be made again. */
export async function readIndex<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Keep an index. Where that fails (a full disk, say) the next start takes longer, and that is all. */
export async function writeIndex(file: string, index: unknown): Promise<void> {
  await writeFileAtomic(file, JSON.stringify(index)).catch(() => {});
}
