/** The images that a run could not read: told once each, listed in a file, and no more of them than a limit. */

import { UserError } from '../errors.ts';
import { fromTextCell, textCell } from '../files/cells.ts';
import { writeFileAtomic } from '../files/files.ts';
import { ifThere, readFile } from '../files/fs.ts';
import { plural } from '../words.ts';

/** An image that could not be read. */
export interface Unreadable {
  /** Of the file, or of the archive and the file in it. */
  readonly path: string;
  readonly reason: string;
}

/** How many unreadable images a run takes before it stops: a share of all, from 0 to 1, or a number. */
export type BadLimit = { readonly share: number } | { readonly images: number };

/** What is left out without being asked: a share that does not matter, or a few of a small set. */
const USUAL_SHARE = 0.01;
const USUAL_IMAGES = 10;

/** How `--max-bad` is explained in the help. */
export const BAD_LIMIT_HELP = `stop when more images than this cannot be read: a share such as 2%, or a number (default: ${100 * USUAL_SHARE}%, of small data ${USUAL_IMAGES})`;

/**
 * Parses `--max-bad`: `2%`, or a whole number of images.
 *
 * @throws UserError for anything else
 */
export function parseBadLimit(text: string): BadLimit {
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim())?.[1];
  if (percent !== undefined && Number(percent) <= 100) return { share: Number(percent) / 100 };
  if (/^\d+$/.test(text.trim())) return { images: Number(text) };
  throw new UserError(
    `--max-bad: expected a share of the images such as 2%, or a whole number of them, found "${text}"`,
  );
}

const HEADER = 'path\treason\n';
/** Images that an error names. */
const NAMED = 3;

/** Collects unreadable images over all passes of a run. */
export class BadImages {
  readonly #found = new Map<string, Unreadable>();
  readonly #options: BadImagesOptions;
  #saved = true;

  constructor(options: BadImagesOptions) {
    this.#options = options;
  }

  /** With those that an earlier part of the same run listed in the file, if there is one. */
  static async resume(options: BadImagesOptions): Promise<BadImages> {
    const bad = new BadImages(options);
    const text = options.file ? ((await ifThere(readFile(options.file, 'utf8'))) ?? '') : '';
    if (!text.startsWith(HEADER)) return bad;
    for (const line of text.slice(HEADER.length).split('\n')) {
      const [path, reason] = line.split('\t').map(fromTextCell);
      if (reason !== undefined) bad.#found.set(path, { path, reason });
    }
    return bad;
  }

  /** All so far, in the order in which they were met. */
  get list(): readonly Unreadable[] {
    return [...this.#found.values()];
  }

  /**
   * Note images that were left out, again and again if need be.
   *
   * @returns those that were not known before
   * @throws UserError when there are more than the limit allows; the list is written first
   */
  async add(images: readonly Unreadable[]): Promise<Unreadable[]> {
    const fresh = images.filter(({ path }) => !this.#found.has(path));
    for (const { path, reason } of fresh) this.#found.set(path, { path, reason });
    if (fresh.length === 0) return fresh;
    this.#saved = false;
    if (this.#found.size > this.#most) {
      await this.save();
      throw this.#tooMany();
    }
    return fresh;
  }

  /** The batches of a pass; what it leaves out is noted as it goes. */
  async *watch<Batch>(
    pass: AsyncIterable<Batch> & { readonly badImages: readonly Unreadable[] },
  ): AsyncGenerator<Batch> {
    let noted = 0;
    for await (const batch of pass) {
      await this.add(pass.badImages.slice(noted));
      noted = pass.badImages.length;
      yield batch;
    }
  }

  /** Write the list, if it is longer than what the file holds. */
  async save(): Promise<void> {
    const { file } = this.#options;
    if (this.#saved || file === undefined) return;
    const lines = this.list.map(({ path, reason }) => `${oneCell(path)}\t${oneCell(reason)}\n`);
    // What is added meanwhile has to be written again.
    this.#saved = true;
    await writeFileAtomic(file, HEADER + lines.join('')).catch((error: unknown) => {
      this.#saved = false;
      throw error;
    });
  }

  get #most(): number {
    const { limit, images } = this.#options;
    if (limit === undefined) return Math.max(USUAL_IMAGES, Math.floor(USUAL_SHARE * images));
    return 'images' in limit ? limit.images : Math.floor(limit.share * images);
  }

  #tooMany(): UserError {
    const { images, limit, file, data } = this.#options;
    const named = this.list.slice(0, NAMED).map(({ path, reason }) => `${path} (${reason})`);
    const asked = limit === undefined ? 'without --max-bad' : '--max-bad';
    const share = limit && 'share' in limit ? ` (${Number((100 * limit.share).toPrecision(6))} %)` : '';
    return new UserError(
      `${data}: expected at most ${this.#most} of ${plural(images, 'image')} that cannot be read (${asked}${share}), found ${this.#found.size}: ` +
        `${named.join(', ')}${this.#found.size > NAMED ? ', …' : ''}; ${file ? `${file} lists them; ` : ''}` +
        `mend or remove them ('pushpull data ${data} --check' finds all), or raise --max-bad`,
    );
  }
}

export interface BadImagesOptions {
  /** Where they are listed; nowhere when left out. */
  readonly file?: string;
  /** Images of the data, of which the limit may be a share. */
  readonly images: number;
  /** Default: 1 % of the images, but at least 10. */
  readonly limit?: BadLimit;
  /** How messages name the data. */
  readonly data: string;
}

/** A name may hold any character but `/` and NUL. */
function oneCell(text: string): string {
  return textCell(text.replace(/[\t\r\n]/g, ' '));
}
