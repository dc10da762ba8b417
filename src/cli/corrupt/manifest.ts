/** The manifest of a set that `pushpull corrupt` writes, together with what the folder holds of the same set already. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CORRUPTIONS } from '../../corrupt/index.ts';
import { type CorruptedManifest, MANIFEST_FILE, parseManifest } from '../../data/corrupted/manifest.ts';
import { UserError } from '../../errors.ts';

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

/**
 * A manifest that tells of the corruptions in the folder as well, where the set there is the same but for them.
 *
 * @throws UserError when the folder holds another set: a reader could not tell the two apart
 */
export async function joinManifest(out: string, fresh: CorruptedManifest): Promise<CorruptedManifest> {
  const file = path.join(out, MANIFEST_FILE);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const found = text === undefined ? undefined : parseManifest(text, file);
  if (!found) return fresh;
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
