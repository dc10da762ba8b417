/** File names as bytes: most are UTF-8, and some are of older encodings. */
import path from 'node:path';
import { lstat } from '../../files/fs.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const latin1 = new TextDecoder('latin1');

/** A name in an archive: UTF-8, else a letter for each byte, so that different names stay different. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return latin1.decode(bytes);
  }
}

/** Whether bytes are UTF-8. */
export function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Whether a name that a folder gave can be used: Node replaces bytes that are no UTF-8, and does not find the file then. */
export async function isUsableName(folder: string, name: string): Promise<boolean> {
  if (!name.includes('\uFFFD')) return true;
  return (await lstat(path.join(folder, name)).catch(() => undefined)) !== undefined;
}
