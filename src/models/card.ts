import { UserError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { decodeModel } from '../onnx/model.ts';
import type { ModelConfig } from './config.ts';

export type Triple = readonly [number, number, number];

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How a picture of any size becomes one of `width` × `height`. */
export interface Geometry extends Size {
  /**
   * Length to which the short side is resized before the centre crop, or a size that the picture must cover before it;
   * null for the picture as it is. With `fit`, see there.
   */
  readonly resize: number | Size | null;
  /**
   * What else than that is done:
   *
   * - `squeeze`: width and height are resized apart, to `resize` and then cropped, or to the size itself where it is null.
   * - `pad`: the picture is shrunk to fit into `resize`, or into the size itself, and gets a frame.
   * - `crop-first`: the middle of the picture is cut out, so much of the short side as the size is of `resize` (all where it
   *   is null), and resized to the size.
   * - `crop-only`: the middle is cut out, nothing resized.
   */
  readonly fit?: Fit;
  /** Filter of Pillow's that resizes; bilinear where it is left out. */
  readonly resample?: 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';
  /** Where half a pixel is left over, the crop begins before it; without it to the even side, as torchvision does. */
  readonly cropRounding?: 'down';
  /** Levels of red, green and blue outside of the picture; black where they are left out. */
  readonly fill?: Triple;
}

export type Fit = 'squeeze' | 'pad' | 'crop-first' | 'crop-only';

/** What an image must go through before a network sees it. */
export interface Preprocessing extends Geometry {
  readonly layout: 'NCHW' | 'NHWC';
  readonly dtype: 'float32' | 'uint8';
  /** Subtracted from values in [0, 1], then divided by `std`; red, green, blue. */
  readonly mean: Triple;
  readonly std: Triple;
  /** Of a model that does not take red, green, blue in this order. */
  readonly channels?: 'bgr' | 'grey';
}

/** What a model file says of itself. Stored as JSON in the ONNX metadata under `pushpull`. */
export interface ModelCard {
  readonly schema: 'pushpull.model/1';
  readonly model: ModelConfig & {
    readonly name: string;
    readonly variant: string;
    /** Number of trained values. */
    readonly parameters: number;
  };
  readonly classes: readonly string[];
  readonly preprocessing: Preprocessing;
  /** How it was trained; absent for a model exported without a run. */
  readonly training?: Readonly<Record<string, unknown>>;
}

export const CARD_SCHEMA = 'pushpull.model/1';
export const CARD_KEY = 'pushpull';

/**
 * The card of an ONNX file; undefined when it carries none, as models from elsewhere do.
 *
 * @param name how to call the file in messages
 * @throws UserError when the bytes are no ONNX model, or the card is of an unknown version
 */
export function readModelCard(bytes: Uint8Array, name = 'the model'): ModelCard | undefined {
  const entry = decodeModel(bytes, name).metadataProps.find(({ key }) => key === CARD_KEY);
  return entry ? parseModelCard(entry.value, name) : undefined;
}

/**
 * The card that a file carries as text.
 *
 * @param name how to call the file in messages
 * @throws UserError when it is no JSON or of an unknown version
 */
export function parseModelCard(text: string, name: string): ModelCard {
  let card: Partial<ModelCard>;
  try {
    card = parseJson(text) as Partial<ModelCard>;
  } catch {
    throw new UserError(`${name}: its "${CARD_KEY}" metadata is no JSON. Export the model again.`);
  }
  if (card.schema !== CARD_SCHEMA) {
    throw new UserError(
      `${name}: expected a model card of schema ${CARD_SCHEMA}, found ${card.schema ?? 'none'}. ` +
        'Use the version of pushpull that wrote it, or export the model again.',
    );
  }
  return card as ModelCard;
}
