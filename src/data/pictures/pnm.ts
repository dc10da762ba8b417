/** Portable any maps (PBM, PGM, PPM), which the prebuilt libvips lacks and no package reads as Pillow does. */
import { createImage, type Image } from '../../image/image.ts';

/**
 * Decode `P1` to `P6` as Pillow's `convert('RGB')` does: values are stretched to 8 bits; grey of more than 8 bits is
 * stretched to 16 bits and cut at 255.
 *
 * @throws Error with the reason when it is no whole picture
 */
export function decodePnm(bytes: Uint8Array): Image {
  const type = bytes[1] - 48;
  const reader = new TokenReader(bytes);
  const width = reader.number();
  const height = reader.number();
  const isBilevel = type === 1 || type === 4;
  const most = isBilevel ? 1 : reader.number();
  const isPlain = type <= 3;
  const channels = type === 3 || type === 6 ? 3 : 1;
  if (width < 1 || height < 1 || most < 1 || most > 65535) throw new Error('its PNM data is damaged');
  const values = isPlain
    ? readPlain(reader, width * height * channels, isBilevel)
    : readBinary(bytes.subarray(reader.at + 1), { width, height, channels, most, isBilevel });
  const image = createImage(width, height);
  const isDeep = channels === 1 && most > 255;
  const stretched = (value: number) => {
    if (isBilevel) return value ? 0 : 255;
    return Math.min(255, roundHalfEven((value / most) * (isDeep ? 65535 : 255)));
  };
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = channels === 3 ? values[3 * pixel + channel] : values[pixel];
      image.data[3 * pixel + channel] = stretched(value);
    }
  }
  return image;
}

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly most: number;
  readonly isBilevel: boolean;
}

function readBinary(
  bytes: Uint8Array,
  { width, height, channels, most, isBilevel }: Layout,
): Uint8Array | Uint16Array {
  const count = width * height * channels;
  const stride = Math.ceil(width / 8);
  const needed = isBilevel ? stride * height : count * (most > 255 ? 2 : 1);
  if (bytes.length < needed) throw new Error('its PNM data ends too early');
  if (isBilevel) {
    return Uint8Array.from({ length: count }, (_, i) => {
      const x = i % width;
      return (bytes[Math.floor(i / width) * stride + (x >> 3)] >> (7 - (x & 7))) & 1;
    });
  }
  if (most <= 255) return bytes;
  return Uint16Array.from({ length: count }, (_, i) => 256 * bytes[2 * i] + bytes[2 * i + 1]);
}

function readPlain(reader: TokenReader, count: number, isBilevel: boolean): Uint16Array {
  // A value takes a byte at least.
  if (count > reader.left) throw new Error('its PNM data ends too early');
  return Uint16Array.from({ length: count }, () => (isBilevel ? reader.digit() : reader.number()));
}

const HASH = 35;
const isSpace = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13);
const isDigit = (byte: number) => byte >= 48 && byte <= 57;

/** Numbers with white space and comments between them. */
class TokenReader {
  readonly #bytes: Uint8Array;
  at = 2;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  number(): number {
    this.#skip();
    let value = 0;
    const start = this.at;
    for (; isDigit(this.#bytes[this.at]); this.at++) value = 10 * value + this.#bytes[this.at] - 48;
    if (this.at === start) throw this.#noNumber();
    return value;
  }

  digit(): number {
    this.#skip();
    const digit = this.#bytes[this.at++] - 48;
    if (digit !== 0 && digit !== 1) throw this.#noNumber();
    return digit;
  }

  #skip(): void {
    for (; ; this.at++) {
      if (this.#bytes[this.at] === HASH) {
        while (this.at < this.#bytes.length && this.#bytes[this.at] !== 10 && this.#bytes[this.at] !== 13)
          this.at++;
      } else if (!isSpace(this.#bytes[this.at])) return;
    }
  }

  #noNumber(): Error {
    return new Error(`its PNM data ${this.at >= this.#bytes.length ? 'ends too early' : 'is damaged'}`);
  }
}

/** As Python rounds. */
function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
