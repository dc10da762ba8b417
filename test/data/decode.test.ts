import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/decode.ts';
import expected from '../fixtures/data/decode/expected.json' with { type: 'json' };

/** Files and Pillow's pixels: test/fixtures/data/make_decode.py */
const fixture = (name: string) =>
  readFile(fileURLToPath(new URL(`../fixtures/data/decode/${name}`, import.meta.url)));

describe("decoding equals Pillow's convert('RGB')", () => {
  it.each(Object.entries(expected))('%s', async (name, { width, height, rgb }) => {
    const image = await decodeImage(await fixture(name));
    expect([image.width, image.height]).toEqual([width, height]);
    expect(Buffer.from(image.data).toString('base64')).toBe(rgb);
  });

  it('where applying what a file says would change them', async () => {
    const plain = (name: string) => sharp(name);
    const path = (name: string) => fileURLToPath(new URL(`../fixtures/data/decode/${name}`, import.meta.url));
    const changed = {
      'profile.jpeg': plain(path('profile.jpeg')),
      'profile.png': plain(path('profile.png')),
      'cmyk.jpeg': plain(path('cmyk.jpeg')),
      'orientation.jpeg': plain(path('orientation.jpeg')).autoOrient(),
    };
    for (const [name, image] of Object.entries(changed)) {
      const { data } = await image.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
      expect(data.toString('base64'), name).not.toBe(expected[name as keyof typeof changed].rgb);
    }
  });

  it('for grey of 16 bits but for the high byte, where Pillow 9 clips at 255', async () => {
    const deep = Uint16Array.of(0, 255, 256, 30_000, 65_535, 257 * 128);
    const png = await sharp(deep, { raw: { width: 3, height: 2, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    const { data } = await decodeImage(png);
    expect([...data].filter((_, i) => i % 3 === 0)).toEqual([...deep].map((value) => value >> 8));
  });
});
