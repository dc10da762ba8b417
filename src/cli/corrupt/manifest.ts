/** The manifest of a set that `pushpull corrupt` writes, together with what the folder holds of the same set already. */

import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CORRUPTIONS, type CorruptionName } from '../../corrupt/index.ts';
import {
  type CorruptedManifest,
  formatManifest,
  MANIFEST_FILE,
  parseManifest,
} from '../../data/corrupted/manifest.ts';
import { UserError } from '../../errors.ts';
import { writeFileAtomic } from '../../files/files.ts';
import { ifThere, readFile, rm, stat } from '../../files/fs.ts';

/** What all corruptions of one set share, by how messages name it. */
const SHARED: Readonly<Record<string, (manifest: CorruptedManifest) => unknown>> = {
  severities: ({ severities }) => severities,
  format: ({ format }) => format,
  strengths: ({ set }) => set,
  seed: ({ seed }) => seed,
  size: ({ data }) => data.size,
  images: ({ data }) => data.images,
  classes: ({ data }) => data.classes,
  'hash of the clean images': ({ data }) => data.sha256,
  quirks: ({ quirks }) => quirks,
  frost: ({ frost }) => frost,
};

/** A folder whose manifest tells what it will hold. */
export interface ClaimedSet {
  /** Corruptions that an earlier command wrote, or began to: what is there of them is of the same set. */
  readonly begun: ReadonlySet<CorruptionName>;
  /**
   * The command ended early: where it wrote nothing that could be gone on with, the manifest becomes what it was before.
   *
   * @param images that were written
   * @returns whether it stays
   */
  withdrawUnlessBegun(images: number): Promise<boolean>;
}

/**
 * Say in the folder what it will hold, before the first file is written: a reader can tell then whether it does. Corruptions
 * of the same set that are there already stay in the manifest.
 *
 * @throws UserError when the folder holds another set: a reader could not tell the two apart
 */
export async function claimSet(out: string, fresh: CorruptedManifest): Promise<ClaimedSet> {
  const file = path.join(out, MANIFEST_FILE);
  const text = await ifThere(readFile(file, 'utf8'));
  const found = text === undefined ? undefined : parseManifest(text, file);
  const begun = new Set(Object.keys(found?.corruptions ?? {}) as CorruptionName[]);
  const arrays = Object.keys(fresh.corruptions)
    .filter((name) => !begun.has(name as CorruptionName))
    .map((name) => path.join(out, `${name}.npy`));
  await writeFileAtomic(file, formatManifest(found ? join(found, fresh, out) : fresh));
  return {
    begun,
    withdrawUnlessBegun: async (images) => {
      const finished = fresh.format === 'npy' && (await Promise.all(arrays.map(isThere))).includes(true);
      if (images > 0 || finished) return true;
      if (text === undefined) await rm(file, { force: true });
      else await writeFileAtomic(file, text);
      return false;
    },
  };
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}

function join(found: CorruptedManifest, fresh: CorruptedManifest, out: string): CorruptedManifest {
  for (const [name, of] of Object.entries(SHARED)) {
    const [there, here] = [of(found), of(fresh)];
    if (isDeepStrictEqual(there, here)) continue;
    throw new UserError(
      `--out ${out}: expected an empty folder or the same set, found one with other settings ` +
        `(${name} ${tell(there)}, here ${tell(here)}); choose another folder, or remove this one`,
    );
  }
  const both = { ...found.corruptions, ...fresh.corruptions };
  const names = CORRUPTIONS.filter((name) => name in both);
  return { ...fresh, corruptions: Object.fromEntries(names.map((name) => [name, both[name]])) };
}

/** Long values would hide what matters: that they differ. */
function tell(value: unknown): string {
  const text = JSON.stringify(value) ?? 'unknown';
  return text.length <= 40 ? text : `${text.slice(0, 37)}…`;
}
