/** Push and pull kernels of a first layer, a picture a filter, every weight a crisp square. */
import { type PushPullKernels, range } from '../../analyze/kernels.ts';
import { formatAlpha } from '../format.ts';
import { COLORS } from '../theme.ts';
import { Label } from './label.tsx';
import { picture, type Svg } from './picture.tsx';

/** Side of one kernel at about this many pixels; the weights share it evenly. */
const KERNEL_SIDE = 42;
const GAP = 3;

export interface KernelOptions {
  /** Side of one kernel at about this many pixels. */
  readonly side?: number;
  /** Filters to draw; default: all. */
  readonly filters?: readonly number[];
  /** Print the filter's number below its kernels. */
  readonly numbered?: boolean;
}

/**
 * One picture for each filter, strongest inhibition first where alpha is known: at the left the push kernel, at the
 * right the pull kernel, alpha below. Three input channels are shown as red, green and blue; one, or any other
 * number, as a grey kernel for each channel, below each other. Black to white is the pair's smallest to its largest
 * weight; push and pull share that range, so each is the negative of the other.
 */
export function kernelPairs(
  { shape, push, pull, alpha }: PushPullKernels,
  { side = KERNEL_SIDE, filters, numbered = false }: KernelOptions = {},
): Svg[] {
  const [count, channels, kernelHeight, kernelWidth] = shape;
  const planes = channels === 3 ? 1 : channels;
  const pixel = Math.max(2, Math.round(side / Math.max(kernelHeight, kernelWidth)));
  const sideWidth = kernelWidth * pixel;
  const sideHeight = planes * (kernelHeight * pixel + GAP) - GAP;
  const width = 2 * sideWidth + GAP + 2;
  const height = sideHeight + 2 + (alpha || numbered ? 17 : 0);

  const order = filters ? [...filters] : Array.from({ length: count }, (_, index) => index);
  if (alpha) order.sort((a, b) => alpha[b]! - alpha[a]!);
  return order.map((filter) => {
    const size = channels * kernelHeight * kernelWidth;
    const part = (weights: Float32Array) => weights.subarray(filter * size, (filter + 1) * size);
    const [low, high] = range(part(push));
    const place = { shape, low, high, top: 1, pixel };
    const strength = alpha && formatAlpha(alpha[filter]!);
    const words = [numbered ? `#${filter}` : '', strength ? `α ${strength}` : ''].filter(
      (word) => word !== '',
    );
    return picture(
      width,
      height,
      `Push and pull kernel of filter ${filter}${strength ? `, alpha ${strength}` : ''}`,
      <>
        <Kernel weights={part(push)} left={1} {...place} />
        <Kernel weights={part(pull)} left={sideWidth + GAP + 1} {...place} />
        {words.length > 0 && (
          <Label
            x={width / 2}
            y={height - 3}
            size={11}
            anchor="middle"
            color={COLORS.muted}
            text={words.join(' · ')}
          />
        )}
      </>,
    );
  });
}

interface KernelProps {
  /** Of one filter, `[Cin/groups, kh, kw]`. */
  readonly weights: Float32Array;
  readonly shape: PushPullKernels['shape'];
  /** Weights shown as black and as white. */
  readonly low: number;
  readonly high: number;
  readonly left: number;
  readonly top: number;
  /** Side of a weight's square. */
  readonly pixel: number;
}

function Kernel({ weights, shape: [, channels, height, width], low, high, left, top, pixel }: KernelProps) {
  const size = height * width;
  const level = (channel: number, i: number) => {
    const share = high > low ? (weights[channel * size + i]! - low) / (high - low) : 0.5;
    return Math.round(Math.min(1, Math.max(0, share)) * 255)
      .toString(16)
      .padStart(2, '0');
  };
  const planes = Array.from({ length: channels === 3 ? 1 : channels }, (_, channel) => {
    const y0 = top + channel * (height * pixel + GAP);
    return (
      <>
        <rect
          x={left - 0.5}
          y={y0 - 0.5}
          width={width * pixel + 1}
          height={height * pixel + 1}
          fill="none"
          stroke={COLORS.rule}
        />
        {Array.from({ length: size }, (_, i) => {
          const color =
            channels === 3 ? level(0, i) + level(1, i) + level(2, i) : level(channel, i).repeat(3);
          const corner = `${left + (i % width) * pixel} ${y0 + Math.floor(i / width) * pixel}`;
          return <path d={`M${corner}h${pixel}v${pixel}h-${pixel}z`} fill={`#${color}`} />;
        })}
      </>
    );
  });
  return <g shape-rendering="crispEdges">{planes}</g>;
}
