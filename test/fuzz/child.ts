/** Reads the files that `fuzz.ts` names, one at a time, and tells how each ended. */
import path from 'node:path';
import { guardWrites } from './guard.ts';

/** A file to read. */
export interface Order {
  readonly reader: string;
  readonly file: string;
  readonly cacheDir: string;
}

/** What is wrong, if anything, and how much memory this process has taken at most. */
export interface Answer {
  readonly problem?: string;
  readonly megabytes: number;
}

const [root] = process.argv.slice(2);
let outside: string | undefined;
guardWrites(path.resolve(root), (problem) => {
  outside ??= problem;
});
process.chdir(root);
// Not before the guard stands: modules take functions of `fs` while they are loaded.
const { setLimits } = await import('../../src/data/limits.ts');
const { isRefusal, readWith } = await import('./readers.ts');
// Whoever claims more is refused at once: reserving what a picture may have at most would drown what is wrong.
setLimits({ maxPixels: 2 ** 22, maxUnpacked: 2 ** 26 });

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

async function answer({ reader, file, cacheDir }: Order): Promise<Answer> {
  let problem: string | undefined;
  outside = undefined;
  try {
    await readWith(reader as Parameters<typeof readWith>[0], file, cacheDir);
  } catch (error) {
    problem = isRefusal(error) ? undefined : describe(error);
  }
  return { problem: problem ?? outside, megabytes: process.resourceUsage().maxRSS / 1024 };
}

process.on('message', (order: Order) => {
  void answer(order).then((answered) => process.send?.(answered));
});
process.on('disconnect', () => process.exit());
process.send?.({ megabytes: process.resourceUsage().maxRSS / 1024 } satisfies Answer);
