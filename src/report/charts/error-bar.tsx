/** Bars that show how sure a mean is. */
import { Line, type LineProps, type Point } from './plot.tsx';

/** From one end of an estimate to the other; nothing where it has no ends. */
export function ErrorBar({
  estimate: { low, high },
  at,
  ...style
}: {
  readonly estimate: { readonly low?: number; readonly high?: number };
  /** Where a value of the estimate lies. */
  readonly at: (value: number) => Point;
} & Omit<LineProps, 'points'>) {
  return low === undefined || high === undefined ? null : <Line points={[at(low), at(high)]} {...style} />;
}
