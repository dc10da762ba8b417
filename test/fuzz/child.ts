/** Reads the files that `fuzz.ts` names, one at a time, and tells how each ended. */
import path from 'node:path';
import { guardWrites } from './guard.ts';
import { Outside, serve } from './serve.ts';

const [root] = process.argv.slice(2);
const outside = new Outside();
guardWrites(path.resolve(root), outside.note);
process.chdir(root);
// Not before the guard stands: modules take functions of `fs` while they are loaded.
const { setLimits } = await import('../../src/data/pictures/limits.ts');
const { isRefusal, readWith } = await import('./readers.ts');
// Whoever claims more is refused at once: reserving what a picture may have at most would drown what is wrong.
setLimits({ maxPixels: 2 ** 22, maxUnpacked: 2 ** 26 });

serve(
  ({ reader, file, cacheDir }) => readWith(reader as Parameters<typeof readWith>[0], file, cacheDir),
  isRefusal,
  outside,
);
