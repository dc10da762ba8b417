/** The unreadable images that an evaluation leaves out (`--skip-bad`), and those that it measures though they are damaged. */
import { BadImages } from '../../data/bad-images.ts';
import type { DataLoader } from '../../data/loader/loader.ts';
import type { EvaluateOptions } from '../options.ts';
import type { TestData } from './test-data.ts';

/** Notes them over all cells; what an earlier part of the evaluation listed stays in the list. */
export async function badImagesOf(
  { data, out, maxBad, onEvent }: EvaluateOptions,
  test: TestData,
  continued: boolean,
) {
  const file = out && badImagesFile(out);
  const images = test.set
    ? test.cells.reduce((sum, cell) => sum + test.images(cell), test.clean?.length ?? 0)
    : test.clean!.length;
  const settings = { file, images, limit: maxBad, data };
  const bad = continued ? await BadImages.resume(settings) : new BadImages(settings);
  const damaged = new Set<string>();
  return {
    /** @param notes of the result; gets one of damaged images */
    leaveOut: (loader: DataLoader, notes: string[]) => withDamage(bad.watch(loader), loader, damaged, notes),
    tellBad: async () => {
      await bad.save();
      if (bad.list.length > 0) onEvent?.({ kind: 'badImages', images: bad.list, file });
    },
  };
}

/** Where they are listed, beside the result (or the retrofitted model). */
export function badImagesFile(out: string): string {
  return `${out.replace(/\.(json|onnx)$/, '')}.bad-images.tsv`;
}

/** Damaged images that a note names. */
const NAMED = 3;

/** The batches of a pass; the note of damaged images counts those of all passes. */
async function* withDamage<Batch>(
  batches: AsyncIterable<Batch>,
  { damagedImages }: DataLoader,
  found: Set<string>,
  notes: string[],
): AsyncGenerator<Batch> {
  for await (const batch of batches) {
    const before = found.size;
    for (const { path } of damagedImages) found.add(path);
    if (found.size > before) {
      const [named, more] = [[...found].slice(0, NAMED).join(', '), found.size > NAMED ? ', …' : ''];
      const old = notes.findIndex((note) => note.startsWith(DAMAGED));
      const text = `${DAMAGED} ${found.size}, measured as far as they can be decoded: ${named}${more}`;
      notes.splice(old < 0 ? notes.length : old, old < 0 ? 0 : 1, text);
    }
    yield batch;
  }
}

const DAMAGED = 'images with damaged data:';
