import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/data/pictures/decode.ts';
import { setLimits } from '../../../src/data/pictures/limits.ts';
import expected from '../../fixtures/data/decode/expected.json' with { type: 'json' };
import expectedFormats from '../../fixtures/data/formats/expected.json' with { type: 'json' };

/** Files and Pillow's pixels: test/fixtures/data/make_decode.py */
const fixture = (name: string) =>
  readFile(fileURLToPath(new URL(`../../fixtures/data/decode/${name}`, import.meta.url)));

describe("decoding equals Pillow's convert('RGB')", () => {
  it.each(Object.entries(expected))('%s', async (name, { width, height, rgb }) => {
    const image = await decodeImage(await fixture(name));
    expect([image.width, image.height]).toEqual([width, height]);
    expect(Buffer.from(image.data).toString('base64')).toBe(rgb);
  });

  it('where applying what a file says would change them', async () => {
    const plain = (name: string) => sharp(name);
    const path = (name: string) =>
      fileURLToPath(new URL(`../../fixtures/data/decode/${name}`, import.meta.url));
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

  it.each(Object.entries(expectedFormats))('%s, in other formats', async (name, { width, height, rgb }) => {
    const image = await decodeImage(await fixture(`../formats/${name}`));
    expect([image.width, image.height]).toEqual([width, height]);
    const difference = Buffer.from(rgb, 'base64').map((value, i) => Math.abs(value - image.data[i]));
    // Pillow has another library for AVIF, which rounds otherwise.
    expect(Math.max(...difference)).toBeLessThanOrEqual(name.endsWith('.avif') ? 1 : 0);
    expect(image.damage).toBeUndefined();
  });
});

describe('what is decoded', () => {
  afterEach(() => {
    delete process.env.PUSHPULL_MAX_PIXELS;
  });

  it.each(['hole.jpg', 'hole_progressive.jpg'])('%s, with a word of its damage', async (name) => {
    const { damage } = await decodeImage(await fixture(`../formats/damaged/${name}`));
    expect(damage).toBe('its JPEG data is damaged in places');
  });

  it.each([
    ['24.bmp', 'BMP'],
    ['rle8.bmp', 'BMP'],
    ['rle4.bmp', 'BMP'],
    ['p6.ppm', 'PNM'],
    ['p4.pbm', 'PNM'],
    ['p3.ppm', 'PNM'],
    ['lzw.tif', 'TIFF'],
    ['animated.gif', 'GIF'],
    ['lossless.avif', 'AVIF'],
  ])('%s is not, when it ends in its middle, in its header or after one byte', async (name, format) => {
    const bytes = await fixture(`../formats/${name}`);
    await expect(decodeImage(bytes.subarray(0, bytes.length * 0.5))).rejects.toThrow(
      new RegExp(`^its ${format} data (ends too early|is damaged)$`),
    );
    for (const length of [1, 3, 13, 17, 20])
      await expect(decodeImage(bytes.subarray(0, length))).rejects.toThrow();
  });

  it('is nothing but pictures of pixels, whatever they are called', async () => {
    const svg = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
    const text = (content: string) => decodeImage(new TextEncoder().encode(content));
    await expect(text(svg)).rejects.toThrow('it is in no image format that is known (SVG drawing)');
    await expect(text('<!DOCTYPE html>')).rejects.toThrow('(web page)');
    await expect(text('%PDF-1.7')).rejects.toThrow('(PDF document)');
    await expect(text('\0\0\0\x18ftypheic\0\0\0\0mif1heic')).rejects.toThrow(
      'it is a picture in the format HEIC, which is not read here; convert it to PNG',
    );
  });

  it('has no more pixels than the limit, as its header says', async () => {
    const grey = (side: number) =>
      sharp({ create: { width: side, height: side, channels: 3, background: 'grey' } });
    const jpeg = await grey(100).jpeg().toBuffer();
    // 16000 × 16000 pixels, without the data that nobody reads.
    const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    jpeg.writeUInt16BE(16000, at + 5);
    jpeg.writeUInt16BE(16000, at + 7);
    await expect(decodeImage(jpeg)).rejects.toThrow(
      'its 16000 × 16000 pixels are more than the limit of 178956970; raise --max-pixels where they are meant',
    );
    setLimits({ maxPixels: 98 });
    const names = [
      '24.bmp',
      'p6.ppm',
      'lzw.tif',
      'animated.gif',
      'lossless.avif',
      'animated.webp',
      'grey16.png',
    ];
    for (const name of names) {
      await expect(decodeImage(await fixture(`../formats/${name}`)), name).rejects.toThrow(
        'its 11 × 9 pixels',
      );
    }
    setLimits({ maxPixels: 99 });
    for (const name of names) await decodeImage(await fixture(`../formats/${name}`));
  });

  it('takes the memory of one image of the largest at a time, not of a batch', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'large-'));
    const large = await sharp({ create: { width: 5500, height: 5500, channels: 3, background: 'grey' } })
      .jpeg()
      .toBuffer();
    const paths = Array.from({ length: 8 }, (_, index) => path.join(folder, `${index}.jpg`));
    for (const file of paths) await writeFile(file, large);
    const source = (file: string) => JSON.stringify(new URL(`../../../src/${file}`, import.meta.url).href);
    const script = `
      import { BatchMaker } from ${source('data/loader/make-batch.ts')};
      const maker = new BatchMaker({ storage: { kind: 'files', paths: ${JSON.stringify(paths)} }, cache: null });
      const before = process.resourceUsage().maxRSS;
      const transforms = [{ kind: 'centerCrop', size: 8 }];
      const indices = Uint32Array.from({ length: 8 }, (_, i) => i);
      const { kept } = await maker.make({ transforms, seed: 0, epoch: 0, indices });
      console.log(kept.length, (process.resourceUsage().maxRSS - before) / 1024);`;
    const file = path.join(folder, 'run.mts');
    await writeFile(file, script);
    const tsx = fileURLToPath(import.meta.resolve('tsx'));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', tsx, file]);
    await rm(folder, { recursive: true });
    const [kept, megabytes] = stdout.trim().split(' ').map(Number);
    expect(kept).toBe(8);
    // An image has 87 MiB, all of them 692.
    expect(megabytes).toBeLessThan(350);
  });
});
