/** What libvips does not tell of a GIF: the colours under its transparency. */

/** A GIF whose first frame hides nothing, and the colour of what that frame leaves free. */
export interface OpaqueGif {
  readonly bytes: Uint8Array;
  readonly background: readonly [red: number, green: number, blue: number];
  /** Of the first frame, in pixels of the screen. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * The same GIF without transparency: Pillow's `convert('RGB')` gives transparent pixels the colour that their index has
 * in the palette, where libvips makes them black.
 *
 * @returns undefined when there is no frame
 */
export function withoutTransparency(bytes: Uint8Array): OpaqueGif | undefined {
  const opaque = Uint8Array.from(bytes);
  const paletteSize = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let palette = 13;
  let at = 13 + paletteSize(bytes[10]);
  let transparent: number | undefined;
  while (at < bytes.length) {
    if (bytes[at] === 0x2c) {
      if (bytes[at + 9] & 0x80) palette = at + 10;
      else if (!(bytes[10] & 0x80)) return undefined;
      const colour = palette + 3 * (transparent ?? 0);
      const [left, top, width, height] = [1, 3, 5, 7].map(
        (field) => bytes[at + field] + 256 * bytes[at + field + 1],
      );
      return {
        bytes: opaque,
        background: [bytes[colour], bytes[colour + 1], bytes[colour + 2]],
        ...{ left, top, right: left + width, bottom: top + height },
      };
    }
    if (bytes[at] !== 0x21) return undefined;
    if (bytes[at + 1] === 0xf9 && bytes[at + 3] & 1) {
      transparent = bytes[at + 6];
      opaque[at + 3] &= 0xfe;
    }
    for (at += 2; bytes[at]; ) at += 1 + bytes[at];
    at++;
  }
  return undefined;
}
