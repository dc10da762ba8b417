/** `pushpull data imagenet`: unpack the official archives. */
import path from 'node:path';
import pc from 'picocolors';
import { ARCHIVES } from '../../data/imagenet/archives.ts';
import { unpackImageNet } from '../../data/imagenet/unpack.ts';
import { UserError } from '../../errors.ts';
import { plural, thousands } from '../../words.ts';
import { duration, ProgressLine } from '../shared/progress.ts';

export interface ImageNetFlags {
  from?: string;
  out?: string;
  cache?: string;
}

/** @returns the folder that holds the images now */
export async function provideImageNet(
  { from, out, cache }: ImageNetFlags,
  signal: AbortSignal,
): Promise<string> {
  if (from === undefined || out === undefined) {
    throw new UserError(
      `imagenet: expected --from DIR with ${ARCHIVES.train} and ${ARCHIVES.test} (from image-net.org, which asks for ` +
        'an account) and --out DIR to unpack them to; or use them as they are, with --data imagenet:DIR',
    );
  }
  const line = new ProgressLine();
  const start = performance.now();
  let first: number | undefined;
  const onProgress = (done: number, total: number) => {
    first ??= done;
    const rate = (done - first) / ((performance.now() - start) / 1000);
    const remaining = rate > 0 ? `, ${duration((total - done) / rate)} left` : '';
    line.update(done, total, 'unpacking', `images  ${thousands(Math.round(rate))} images/s${remaining}`);
  };
  const place = path.resolve(out);
  try {
    const { images, found } = await unpackImageNet({
      from: path.resolve(from),
      out: place,
      cacheDir: cache,
      signal,
      onProgress,
    });
    line.clear();
    const earlier = found > 0 ? `, ${thousands(found)} were there` : '';
    console.log(`${pc.green('✓')} ${plural(images, 'image')} unpacked to ${place}${earlier}\n`);
  } finally {
    line.clear();
  }
  return place;
}
