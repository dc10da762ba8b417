/** sharp, loaded where the first picture is decoded or encoded: its native library may be missing, and takes its time. */
import { createRequire } from 'node:module';
import { UserError } from '../../errors.ts';

type Sharp = typeof import('sharp').default;

let loaded: Sharp | undefined;

/** @throws UserError when its library is not there or does not run on this machine */
export function loadSharp(): Sharp {
  loaded ??= load();
  return loaded;
}

function load(): Sharp {
  try {
    const sharp = createRequire(import.meta.url)('sharp') as Sharp;
    // Images are decoded many at a time; threads inside one small image only cost. Nothing is decoded twice either.
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new UserError(
      `sharp: expected its library for ${process.platform} ${process.arch}, which reads and writes pictures; it cannot be ` +
        `loaded (${reason.trim()}). Install it with: npm install --include=optional sharp. ` +
        'cifar10, mnist and npy: are read without it.',
    );
  }
}
