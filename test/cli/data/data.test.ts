import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { imageFolder, picture, writeFolder, writeTar } from '../../data/archives.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'data-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Run in this process, with what is printed. */
async function pushpull(...words: string[]): Promise<{ status: number; text: string }> {
  let text = '';
  const spies = (['log', 'error'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((line: unknown) => {
      text += `${line}\n`;
    }),
  );
  try {
    return { status: await run(['data', ...words]), text };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

describe('pushpull data', () => {
  it('shows classes, counts and sizes, and paints a preview', async () => {
    const files = {
      ...(await imageFolder(['cat', 'dog'], 2)),
      'train/dog/9.png': await picture('large', 20, 10),
    };
    const place = await writeFolder(path.join(folder, 'pets'), files);
    const preview = path.join(folder, 'out', 'preview.png');
    const { status, text } = await pushpull(place, '--preview', preview, '--check');
    expect(status).toBe(0);
    expect(text).toMatch(/data set +pets/);
    expect(text).toMatch(/sizes +8-20 × 8-10 pixels/);
    expect(text).toMatch(/class +train +test\ncat +2 +2\ndog +3 +2\n/);
    expect(text).toContain('all 9 images can be read');
    const { format, width, height } = await sharp(await readFile(preview)).metadata();
    expect([format, width! > height!]).toEqual(['png', true]);
  });

  it('unpacks ImageNet, and shows what is in it', async () => {
    const archives = path.join(folder, 'archives');
    const image = await picture('tench', 8, 8, 'jpeg');
    const inner: Record<string, Uint8Array> = {};
    for (const wnid of ['n01440764', 'n01443537']) {
      inner[`${wnid}.tar`] = await readFile(
        await writeTar(path.join(folder, `${wnid}.tar`), { [`${wnid}_1.JPEG`]: image }),
      );
    }
    await writeFolder(archives, { '.keep': new Uint8Array() });
    await writeTar(path.join(archives, 'ILSVRC2012_img_train.tar'), inner);
    const out = path.join(folder, 'imagenet');
    const cache = ['--cache', path.join(folder, 'cache')];
    const unpack = () => pushpull('imagenet', '--from', archives, '--out', out, ...cache);
    const { status, text } = await unpack();
    expect(status).toBe(0);
    expect(text).toContain(`2 images unpacked to ${out}\n`);
    expect(text).toMatch(/data set +ImageNet\n/);
    expect(text).toMatch(/n01443537 +1\n/);
    expect(text).toContain(`--data imagenet:${out}`);
    // A question mark means something to a shell.
    const drawn = `imagenet2:${out}?seed=3`;
    expect((await pushpull(drawn, ...cache)).text).toContain(`Use it with --data '${drawn}'`);
    expect(await readFile(path.join(out, 'train/n01440764/n01440764_1.JPEG'))).toEqual(Buffer.from(image));
    expect((await unpack()).text).toContain('0 images unpacked');
    expect((await pushpull('imagenet', '--from', archives)).text).toMatch(
      /expected --from DIR .* and --out DIR/,
    );
    expect((await pushpull(out, '--out', 'x')).text).toContain('--out: only with imagenet');
  });

  it('names the images that cannot be read', async () => {
    const files = { ...(await imageFolder(['cat'], 1)), 'test/cat/bad.png': new Uint8Array(5) };
    const place = await writeFolder(path.join(folder, 'bad'), files);
    const { status, text } = await pushpull(place, '--check');
    expect(status).toBe(2);
    expect(text).toContain(`${path.join(place, 'test/cat/bad.png')}: it is in no image format that is known`);
    expect(text).toContain(
      '--check: expected 3 readable images, found 1 that are not; replace or remove them',
    );
  });

  it('shows a split that stands alone, with a note', async () => {
    const place = await writeFolder(
      path.join(folder, 'alone'),
      await imageFolder(['a'], 1, { splits: ['test'] }),
    );
    const { status, text } = await pushpull(place);
    expect(status).toBe(0);
    expect(text).toMatch(/note: .*alone: expected train images in train/);
  });

  it("downloads MNIST's four files, and keeps none that is another", async () => {
    const server = createServer((_, response) => response.end('another file')).listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const cache = path.join(folder, 'mnist');
      const mirror = `http://127.0.0.1:${port}/copy`;
      const { status, text } = await pushpull('mnist', '--cache', cache, '--mirror', mirror);
      expect(status).toBe(2);
      expect(text).toContain(
        `${mirror}/train-images-idx3-ubyte.gz: expected a file with SHA-256 440fcabf73cc546fa21475e81ea`,
      );
      expect(await readdir(path.join(cache, 'mnist'))).toEqual([]);
    } finally {
      server.close();
    }
  });

  it('refuses another file in the place of the archive', async () => {
    const cache = path.join(folder, 'cache');
    await writeFolder(cache, { 'cifar-10-binary.tar.gz': new Uint8Array(7) });
    const { status, text } = await pushpull('cifar10', '--cache', cache);
    expect(status).toBe(2);
    expect(text).toMatch(
      /cifar-10-binary.tar.gz: expected CIFAR-10 of 170052171 bytes .*, found another file of 7 bytes; delete it/,
    );
  });
});
