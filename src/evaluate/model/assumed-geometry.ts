/** How pictures come to a model's size where neither options nor card nor a configuration say so. */
import type { Preprocessing } from '../../models/card.ts';
import { plural } from '../../words.ts';
import { checkGeometry, type DataSample } from '../images/selection.ts';
import type { DeclaredPreprocessing } from './declared/declared.ts';
import { describeGeometry, type GeometryFlags, needsExactSize, sizeWord } from './geometry.ts';

/** Of the resized short side, what the centre crop keeps: 224 of 256, as torchvision and most others test. */
const USUAL_CROP = 0.875;

/** Who says how pictures come to a model's size. */
interface Tellers {
  /** The model's card tells always: without a resize, of images that have the size. */
  readonly card?: unknown;
  readonly declared?: Pick<DeclaredPreprocessing, 'known'>;
  readonly flags: GeometryFlags;
}

/** Whether anybody says how pictures come to the model's size. */
export function isGeometryTold({ card, declared, flags }: Tellers): boolean {
  const { width, resize, fit } = declared?.known ?? {};
  return [card, flags.fit, flags.resize, width, resize, fit].some((teller) => teller !== undefined);
}

export interface FittingGeometry {
  readonly preprocessing: Preprocessing;
  /** What was taken for lack of anything that tells, in words. */
  readonly assumed?: string;
}

/**
 * The way of pictures to a model's size: as it is told, and where nothing tells and they have another size, the usual
 * short side and centre crop.
 *
 * @param told see {@link isGeometryTold}
 * @throws UserError where it is told that pictures have the size, and they have another
 */
export function fittingGeometry(
  sample: DataSample,
  preprocessing: Preprocessing,
  told: boolean,
): FittingGeometry {
  const { width, height } = preprocessing;
  const { images } = sample;
  const fits = images.every(({ image }) => image.width === width && image.height === height);
  if (told || fits || !needsExactSize(preprocessing)) {
    checkGeometry(sample, preprocessing);
    return { preprocessing };
  }
  const before = (side: number) => Math.round(side / USUAL_CROP);
  const resize = width === height ? before(width) : { width: before(width), height: before(height) };
  const usual: Preprocessing = { ...preprocessing, resize };
  const smaller = images.filter(
    ({ image }) => image.width < before(width) || image.height < before(height),
  ).length;
  const enlarged =
    smaller === 0
      ? ''
      : `; ${smaller} of ${plural(images.length, 'sample picture')} are smaller and are enlarged to it`;
  return {
    preprocessing: usual,
    assumed:
      `pictures come to the model's size ${width}×${height} as is usual, for nothing tells how: ${describeGeometry(usual)}` +
      `${enlarged}; --resize ${sizeWord(resize)} says the same, --resize or --fit says otherwise`,
  };
}
