/** Pictures inside a sheet that is drawn as SVG. */

import { encodePng } from '../../data/picture-file.ts';
import type { Image } from '../../image/image.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** An image as an SVG element that fits into a box, centred; enlarged pixels stay sharp. All in CSS pixels. */
export async function svgPicture(image: Image, { x, y, width, height }: Box): Promise<string> {
  const enlarged = image.width < width && image.height < height;
  const uri = `data:image/png;base64,${(await encodePng(image)).toString('base64')}`;
  return (
    `<image x="${x}" y="${y}" width="${width}" height="${height}" ` +
    `image-rendering="${enlarged ? 'optimizeSpeed' : 'optimizeQuality'}" href="${uri}"/>`
  );
}
