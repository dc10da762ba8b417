/** tan(22.5°) with 15 fraction bits. */
const TAN_22_5 = 13573;

const NOT_AN_EDGE = 0;
const CANDIDATE = 1;
const EDGE = 2;

/**
 * Canny's edge detector as OpenCV's `Canny(image, low, high)` computes it: 3×3 Sobel gradients with
 * repeated borders, |gx| + |gy| as strength, thinning along four directions in integer arithmetic, hysteresis.
 *
 * @param data `[height, width]` grey levels.
 * @returns `[height, width]`, 255 on an edge and 0 elsewhere.
 */
export function canny(
  data: Uint8Array,
  width: number,
  height: number,
  low: number,
  high: number,
): Uint8Array {
  const gx = new Int16Array(width * height);
  const gy = new Int16Array(width * height);
  // One pixel of zeros around saves the border cases while thinning.
  const stride = width + 2;
  const strength = new Int32Array(stride * (height + 2));
  for (let y = 0, i = 0; y < height; y++) {
    const up = Math.max(y - 1, 0) * width;
    const middle = y * width;
    const down = Math.min(y + 1, height - 1) * width;
    for (let x = 0; x < width; x++, i++) {
      const left = Math.max(x - 1, 0);
      const right = Math.min(x + 1, width - 1);
      const diagonal = data[down + right] - data[up + left];
      const antidiagonal = data[up + right] - data[down + left];
      const horizontal = diagonal + antidiagonal + 2 * (data[middle + right] - data[middle + left]);
      const vertical = diagonal - antidiagonal + 2 * (data[down + x] - data[up + x]);
      gx[i] = horizontal;
      gy[i] = vertical;
      strength[(y + 1) * stride + x + 1] = Math.abs(horizontal) + Math.abs(vertical);
    }
  }

  const state = new Uint8Array(stride * (height + 2));
  const stack: number[] = [];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const at = (y + 1) * stride + x + 1;
      const m = strength[at];
      if (m <= low || !isRidge(strength, at, stride, gx[i], gy[i])) continue;
      if (m > high) {
        state[at] = EDGE;
        stack.push(at);
      } else {
        state[at] = CANDIDATE;
      }
    }
  }
  const neighbours = [-stride - 1, -stride, -stride + 1, -1, 1, stride - 1, stride, stride + 1];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    for (const step of neighbours) {
      if (state[at + step] !== CANDIDATE) continue;
      state[at + step] = EDGE;
      stack.push(at + step);
    }
  }

  const edges = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      edges[i] = state[(y + 1) * stride + x + 1] === EDGE ? 255 : NOT_AN_EDGE;
    }
  }
  return edges;
}

/** Whether the strength is largest along the gradient; of two equal neighbours the first one counts. */
function isRidge(strength: Int32Array, at: number, stride: number, gx: number, gy: number): boolean {
  const m = strength[at];
  const across = Math.abs(gx) * TAN_22_5;
  const along = Math.abs(gy) << 15;
  if (along < across) return m > strength[at - 1] && m >= strength[at + 1];
  // tan(67.5°) = tan(22.5°) + 2
  if (along > across + (Math.abs(gx) << 16)) return m > strength[at - stride] && m >= strength[at + stride];
  const side = (gx ^ gy) < 0 ? -1 : 1;
  return m > strength[at - stride - side] && m > strength[at + stride + side];
}
