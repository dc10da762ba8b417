/** The push-pull unit as the paper defines it, in double precision and with plain loops: two convolutions, no shortcut. */

/** One image or response: `[channels, height, width]`, row-major. */
export interface Planes {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly values: ArrayLike<number>;
}

export interface Geometry {
  readonly strides: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
  readonly group: number;
}

export interface Kernels {
  /** `[Cout, Cin/group, kh, kw]` */
  readonly dims: readonly number[];
  readonly values: ArrayLike<number>;
}

/** The padding that `auto_pad` stands for, as the ONNX specification of Conv has it. */
export function autoPads(
  mode: 'SAME_UPPER' | 'SAME_LOWER' | 'VALID',
  { height, width }: Pick<Planes, 'height' | 'width'>,
  { dims }: Pick<Kernels, 'dims'>,
  { strides, dilations }: Pick<Geometry, 'strides' | 'dilations'>,
): Geometry['pads'] {
  if (mode === 'VALID') return [0, 0, 0, 0];
  const [vertical, horizontal] = [height, width].map((length, axis) => {
    const outputs = Math.ceil(length / strides[axis]);
    const reach = dilations[axis] * (dims[2 + axis] - 1) + 1;
    const total = Math.max(0, (outputs - 1) * strides[axis] + reach - length);
    const small = Math.floor(total / 2);
    return mode === 'SAME_UPPER' ? [small, total - small] : [total - small, small];
  });
  return [vertical[0], horizontal[0], vertical[1], horizontal[1]];
}

export function convolve(image: Planes, kernels: Kernels, geometry: Geometry): Planes {
  const { height, width, values } = image;
  const [filters, perGroup, kernelHeight, kernelWidth] = kernels.dims;
  const { strides, pads, dilations, group } = geometry;
  const outHeight =
    Math.floor((height + pads[0] + pads[2] - dilations[0] * (kernelHeight - 1) - 1) / strides[0]) + 1;
  const outWidth =
    Math.floor((width + pads[1] + pads[3] - dilations[1] * (kernelWidth - 1) - 1) / strides[1]) + 1;
  const out = new Float64Array(filters * outHeight * outWidth);
  for (let f = 0; f < filters; f++) {
    const firstChannel = Math.floor(f / (filters / group)) * perGroup;
    for (let y = 0; y < outHeight; y++) {
      for (let x = 0; x < outWidth; x++) {
        let sum = 0;
        for (let c = 0; c < perGroup; c++) {
          for (let i = 0; i < kernelHeight; i++) {
            for (let j = 0; j < kernelWidth; j++) {
              const row = y * strides[0] - pads[0] + i * dilations[0];
              const column = x * strides[1] - pads[1] + j * dilations[1];
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              const pixel = values[((firstChannel + c) * height + row) * width + column];
              sum += pixel * kernels.values[((f * perGroup + c) * kernelHeight + i) * kernelWidth + j];
            }
          }
        }
        out[(f * outHeight + y) * outWidth + x] = sum;
      }
    }
  }
  return { channels: filters, height: outHeight, width: outWidth, values: out };
}

/** Mean over the places of a square window that lie in the image. */
function averaged({ channels, height, width, values }: Planes, size: number): Planes {
  const reach = (size - 1) / 2;
  const out = new Float64Array(channels * height * width);
  for (let at = 0; at < out.length; at++) {
    const [channel, row, column] = [
      Math.floor(at / (height * width)),
      Math.floor(at / width) % height,
      at % width,
    ];
    let [sum, count] = [0, 0];
    for (let y = Math.max(0, row - reach); y <= Math.min(height - 1, row + reach); y++) {
      for (let x = Math.max(0, column - reach); x <= Math.min(width - 1, column + reach); x++) {
        sum += values[(channel * height + y) * width + x];
        count++;
      }
    }
    out[at] = sum / count;
  }
  return { channels, height, width, values: out };
}

/** `relu(x * w) - alpha · relu(avg(x * w_pull))`, `w_pull = -w + max(w) + min(w)` (paper Eq. 2-5). */
export function pushPull(
  image: Planes,
  kernels: Kernels,
  geometry: Geometry,
  { avg, alpha }: { readonly avg: number; readonly alpha: readonly number[] },
): Planes {
  const { dims, values } = kernels;
  const size = values.length / dims[0];
  const pullKernels = Array.from(values, (value, i) => {
    const first = Math.floor(i / size) * size;
    const filter = Array.from({ length: size }, (_, k) => values[first + k]);
    return -value + Math.max(...filter) + Math.min(...filter);
  });
  const push = convolve(image, kernels, geometry);
  const plainPull = convolve(image, { dims, values: pullKernels }, geometry);
  const pull = avg > 1 ? averaged(plainPull, avg) : plainPull;
  const plane = push.height * push.width;
  const response = Array.from(
    push.values,
    (value, i) => Math.max(0, value) - alpha[Math.floor(i / plane)] * Math.max(0, pull.values[i]),
  );
  return { ...push, values: response };
}
