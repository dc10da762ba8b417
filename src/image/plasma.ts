const FIRST_WIBBLE = 100;

/**
 * A cloudy map [size, size] with values in [0, 1] by the diamond-square method on a torus (Fournier,
 * Fussell & Carpenter 1982).
 *
 * From one corner at 0, squares' centres and then diamonds' centres become the mean of their four corners
 * plus noise; the noise is uniform in ±w², where w starts at 100 and is divided by `wibbleDecay` whenever
 * the step halves. A large decay leaves little detail. `field` holds size² - 1 numbers, uniform in
 * [-1, 1), used from the front: at each step the squares' centres by rows, then the diamonds on the grid's
 * rows, then those on its columns. `size` is a power of two.
 */
export function plasma(size: number, wibbleDecay: number, field: Float32Array): Float32Array {
  if (size < 2 || (size & (size - 1)) !== 0) {
    throw new RangeError(`plasma needs a side that is a power of two, found ${size}`);
  }
  const map = new Float64Array(size * size);
  const mask = size - 1;
  let drawn = 0;
  for (let step = size, wibble = FIRST_WIBBLE; step >= 2; step /= 2, wibble /= wibbleDecay) {
    const half = step / 2;
    const amplitude = wibble * wibble;
    for (let y = 0; y < size; y += step) {
      const upper = y * size;
      const lower = ((y + step) & mask) * size;
      for (let x = 0; x < size; x += step) {
        const right = (x + step) & mask;
        map[(y + half) * size + x + half] =
          (map[upper + x] + map[upper + right] + map[lower + x] + map[lower + right]) / 4 +
          amplitude * field[drawn++];
      }
    }
    for (let y = 0; y < size; y += step) {
      const here = y * size;
      const above = ((y - half) & mask) * size;
      const below = (y + half) * size;
      for (let x = 0; x < size; x += step) {
        const middle = x + half;
        map[here + middle] =
          (map[here + x] + map[here + ((x + step) & mask)] + map[above + middle] + map[below + middle]) / 4 +
          amplitude * field[drawn++];
      }
    }
    for (let y = 0; y < size; y += step) {
      const here = (y + half) * size;
      const above = y * size;
      const below = ((y + step) & mask) * size;
      for (let x = 0; x < size; x += step) {
        map[here + x] =
          (map[above + x] + map[below + x] + map[here + ((x - half) & mask)] + map[here + x + half]) / 4 +
          amplitude * field[drawn++];
      }
    }
  }
  return normalise(map);
}

function normalise(map: Float64Array): Float32Array {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < map.length; i++) {
    if (map[i] < low) low = map[i];
    if (map[i] > high) high = map[i];
  }
  const scale = 1 / (high - low);
  const out = new Float32Array(map.length);
  for (let i = 0; i < map.length; i++) out[i] = (map[i] - low) * scale;
  return out;
}
