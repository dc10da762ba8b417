/** Pictures inside a sheet that is drawn as SVG. */
import { encodePng } from '../../data/pictures/picture-file.ts';
import type { Image } from '../../image/image.ts';
import { Raster } from '../../report/charts/picture.tsx';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** An image as an SVG element that fits into a box, centred; enlarged pixels stay sharp. All in CSS pixels. */
export async function svgPicture(image: Image, box: Box) {
  const uri = `data:image/png;base64,${(await encodePng(image)).toString('base64')}`;
  return <Raster href={uri} crisp={image.width < box.width && image.height < box.height} {...box} />;
}
