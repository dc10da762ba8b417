import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import type { Image } from '../src/image/image.ts';
import { type Random, randomStream } from '../src/random/random.ts';

export interface PictureOptions {
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly classes: number;
  readonly split: 'train' | 'test';
}

/**
 * An image folder of JPEG files (quality 90, colours at half resolution) that decode like photographs:
 * at 500 × 375 pixels a file has about 70 KB.
 */
export async function writePictures(folder: string, options: PictureOptions): Promise<void> {
  const { count, width, height, classes, split } = options;
  for (let index = 0; index < count; index++) {
    const into = path.join(folder, split, `class${index % classes}`);
    await mkdir(into, { recursive: true });
    const { data } = await picture(width, height, randomStream('bench-picture', index));
    const file = sharp(data, { raw: { width, height, channels: 3 } }).jpeg({
      quality: 90,
      chromaSubsampling: '4:2:0',
    });
    await writeFile(path.join(into, `${String(index).padStart(5, '0')}.jpg`), await file.toBuffer());
  }
}

/** Columns of the noise that each scale of detail is made of; its contrast falls with its size, as in photographs. */
const OCTAVES = [4, 8, 16, 32, 64, 128, 256] as const;
const SHAPES = 12;

/** Detail at all scales, some hard edges, a little grain of the sensor. */
async function picture(width: number, height: number, random: Random): Promise<Image> {
  const values = new Float32Array(width * height * 3).fill(120);
  for (const [octave, columns] of OCTAVES.entries()) {
    const rows = Math.ceil((columns * height) / width);
    const coarse = Uint8Array.from({ length: columns * rows * 3 }, () => random.int(0, 256));
    const smooth = await sharp(coarse, { raw: { width: columns, height: rows, channels: 3 } })
      .resize(width, height, { kernel: 'cubic', fit: 'fill' })
      .raw()
      .toBuffer();
    const contrast = 0.4 * 0.85 ** octave;
    for (let i = 0; i < values.length; i++) values[i] += contrast * (smooth[i] - 128);
  }
  for (let shape = 0; shape < SHAPES; shape++) addDisc(values, width, height, random);
  const data = Uint8Array.from(values, (value) => Math.max(0, Math.min(255, value + random.normal(0, 5))));
  return { data, width, height, channels: 3 };
}

function addDisc(values: Float32Array, width: number, height: number, random: Random): void {
  const [x0, y0] = [random.int(0, width), random.int(0, height)];
  const radius = random.int(Math.ceil(width / 60), Math.ceil(width / 6));
  const colour = [0, 1, 2].map(() => random.int(-50, 51));
  for (let y = Math.max(0, y0 - radius); y < Math.min(height, y0 + radius); y++) {
    for (let x = Math.max(0, x0 - radius); x < Math.min(width, x0 + radius); x++) {
      if ((x - x0) ** 2 + (y - y0) ** 2 > radius ** 2) continue;
      for (let channel = 0; channel < 3; channel++) values[(y * width + x) * 3 + channel] += colour[channel];
    }
  }
}
