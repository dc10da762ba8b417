/** Which links to folders are followed in a data folder. */

import path from 'node:path';
import { realpath } from '../../files/fs.ts';
import { followLinks } from '../pictures/limits.ts';
import type { TarLeftOut } from './tar-entry.ts';

/**
 * Remembers the real folders that were visited, each of which is visited once: links may lead in circles. Links out of
 * the data folder lead to folders of any size, or back; only those that stand for a split are followed.
 */
export class FolderLinks {
  /** Links that were not followed. */
  readonly leftOut: TarLeftOut[] = [];
  readonly #root: string;
  readonly #visited = new Set<string>();

  private constructor(root: string) {
    this.#root = root;
  }

  static async of(place: string): Promise<FolderLinks> {
    return new FolderLinks(await realpath(place));
  }

  /** Whether a folder is visited for the first time. */
  async enter(folder: string): Promise<boolean> {
    const real = await realpath(folder);
    if (this.#visited.has(real)) return false;
    this.#visited.add(real);
    return true;
  }

  /**
   * Whether a link to a folder is to be followed; called when all real folders have been visited.
   *
   * @param name below the place, for messages
   * @param isSplit whether the link stands for a split
   */
  async follows(link: string, name: string, isSplit: boolean): Promise<boolean> {
    const target = await realpath(link);
    const holds = (outer: string, inner: string) =>
      `${inner}${path.sep}`.startsWith(path.join(outer, path.sep));
    if (this.#visited.has(target) || holds(target, this.#root)) {
      this.leftOut.push({ path: name, kind: 'link to a folder that is read already' });
      return false;
    }
    if (holds(this.#root, target) || isSplit || followLinks()) return true;
    this.leftOut.push({ path: name, kind: 'link to a folder outside (followed with --follow-links)' });
    return false;
  }
}
