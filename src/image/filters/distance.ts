// Lengths of the chamfer steps with 16 fraction bits: straight, diagonal, knight's move (1, 1.4, 2.1969).
const STRAIGHT = 65536;
const DIAGONAL = 91750;
const KNIGHT = 143976;
const UNREACHED = 1 << 29;

/**
 * Distance of each pixel to the nearest zero, by the 5×5 chamfer mask of Borgefors (1986) that OpenCV's
 * `distanceTransform(image, DIST_L2, 5)` uses. Where there is no zero at all, 8192 or more.
 *
 * @param data `[height, width]`.
 */
export function chamferDistance(data: Uint8Array, width: number, height: number): Float32Array {
  // Two pixels of "far away" around, so that the masks need no border cases.
  const stride = width + 4;
  const distance = new Int32Array(stride * (height + 4)).fill(UNREACHED);
  const up = -stride;
  const up2 = -2 * stride;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0, at = (y + 2) * stride + 2; x < width; x++, at++, i++) {
      distance[at] = data[i] === 0 ? 0 : nearest(distance, at, up, up2, -1);
    }
  }
  const down = stride;
  const down2 = 2 * stride;
  const out = new Float32Array(width * height);
  for (let y = height - 1, i = out.length - 1; y >= 0; y--) {
    for (let x = width - 1, at = (y + 2) * stride + 2 + x; x >= 0; x--, at--, i--) {
      const here = distance[at];
      if (here > STRAIGHT) distance[at] = Math.min(here, nearest(distance, at, down, down2, 1));
      out[i] = distance[at] / 65536;
    }
  }
  return out;
}

/** Shortest way over the half of the mask that lies in rows `at + row`, `at + row2` and beside `at`. */
function nearest(distance: Int32Array, at: number, row: number, row2: number, side: number): number {
  const far = at + row2;
  const near = at + row;
  // Comparing within each length first saves additions.
  const knight =
    Math.min(distance[far - 1], distance[far + 1], distance[near - 2], distance[near + 2]) + KNIGHT;
  const diagonal = Math.min(distance[near - 1], distance[near + 1]) + DIAGONAL;
  const straight = Math.min(distance[near], distance[at + side]) + STRAIGHT;
  return Math.min(UNREACHED, knight, diagonal, straight);
}
