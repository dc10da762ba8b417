/** The unreadable images that an evaluation leaves out (`--skip-bad`). */
import { BadImages } from '../data/bad-images.ts';
import type { DataLoader } from '../data/loader/loader.ts';
import type { EvaluateOptions } from './evaluate.ts';
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
  return {
    leaveOut: (loader: DataLoader) => bad.watch(loader),
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
