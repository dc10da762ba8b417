import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { augment } from '../../src/augment/augment.ts';
import { createImage } from '../../src/image/image.ts';
import { randomStream } from '../../src/random/random.ts';
import { inProcess, pushpull } from './command.ts';

let folder: string;
let photo: string;
const image = createImage(
  36,
  36,
  Uint8Array.from({ length: 36 * 36 * 3 }, (_, i) => (i * 11) % 256),
);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-cli-augment-'));
  photo = join(folder, 'photo.png');
  await sharp(image.data, { raw: { width: 36, height: 36, channels: 3 } })
    .png()
    .toFile(photo);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('pushpull augment', () => {
  it('shows on a sheet what training would see', async () => {
    const out = join(folder, 'sheets', 'sheet.png');
    const { stdout } = await inProcess(
      'augment',
      photo,
      '--augment',
      'autoaugment',
      '--out',
      out,
      '--seed',
      '3',
    );
    expect(stdout).toBe(`25 pictures of autoaugment-cifar10: ${out}`);
    const { data, info } = await sharp(out).raw().toBuffer({ resolveWithObject: true });
    // Five columns of 144 CSS pixels and the gaps between, two pixels each, and the margins.
    expect(info.width).toBe(2 * (5 * 144 + 4 * 12 + 2 * 16));

    // A picture is enlarged eightfold (144 · 2 / 36): the middle of each of its pixels, in the second column.
    const pixelsAt = (left: number, top: number) =>
      Uint8Array.from({ length: image.data.length }, (_, i) => {
        const pixel = Math.floor(i / 3);
        const x = left + (pixel % 36) * 8 + 4;
        const y = top + Math.floor(pixel / 36) * 8 + 4;
        return data[(y * info.width + x) * info.channels + (i % 3)];
      });
    expect(pixelsAt(32, 32)).toEqual(image.data);
    const second = augment(image, 'autoaugment-cifar10', randomStream('augment', 3, 1, 0, 0));
    const top = 32 + 2 * (144 + 14 + 12);
    expect(pixelsAt(32 + 2 * (144 + 12), top)).toEqual(second.data);
  });

  it('draws other pictures with another seed, and as many as are wanted', async () => {
    const sheets = ['0', '0', '1'].map((seed, i) => ({ seed, out: join(folder, `${i}.png`) }));
    for (const { seed, out } of sheets) {
      const words = ['augment', photo, '--augment', 'augmix', '--count', '2', '--seed', seed, '--out', out];
      expect((await inProcess(...words)).stdout).toBe(`2 pictures of augmix: ${out}`);
    }
    const [first, again, other] = sheets.map(({ out }) => readFileSync(out));
    expect(first.equals(again)).toBe(true);
    expect(first.equals(other)).toBe(false);
  });

  it('ends with 2 and one line for a mistake, and writes nothing', async () => {
    const out = join(folder, 'never.png');
    const mistake = await pushpull('augment', join(folder, 'none.jpg'), '--augment', 'augmix', '--out', out);
    expect(mistake.status).toBe(2);
    expect(mistake.stderr).toMatch(/^error: .*none\.jpg: cannot be read: no such file .*\n$/);
    const of = (...words: string[]) => inProcess('augment', photo, ...words);
    await expect(of('--augment', 'cutout', '--out', out)).rejects.toThrow(
      /^--augment: expected .*trivialaugment or augmix.*, found "cutout"$/,
    );
    await expect(of('--augment', 'augmix', '--out', 'sheet.jpg')).rejects.toThrow(
      '--out: expected a file name that ends in .png, found "sheet.jpg"',
    );
    await expect(of('--augment', 'augmix', '--out', out, '--count', '0')).rejects.toThrow(
      /^--count: expected/,
    );
    expect(existsSync(out)).toBe(false);
  });
});
