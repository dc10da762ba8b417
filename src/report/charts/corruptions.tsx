/** Bars: the error on every corruption. */
import { scaleBand } from 'd3-scale';
import { CORRUPTION_GROUPS } from '../../corrupt/index.ts';
import { type ComparedModel, type Comparison, commonErrors } from '../comparison.ts';
import { formatPercent, formatPoints, longName } from '../format.ts';
import { COLORS } from '../theme.ts';
import { tip } from '../tips.ts';
import { Label } from './label.tsx';
import { axisPercent, fitText, niceAxis } from './layout.ts';
import type { Svg } from './picture.tsx';
import { plot, XAxis } from './plot.tsx';

export interface BarOptions {
  /** Of the whole picture, pixels. */
  readonly width: number;
}

const GROUPS = ['noise', 'blur', 'weather', 'digital'] as const;
const MARGINS = { right: 58, bottom: 12, left: 136 } as const;

/** A line of the chart: the name of a group, or a corruption with the errors of all models. */
interface Row {
  readonly name: string;
  readonly errors?: readonly number[];
}

/**
 * One bar a corruption and model, grouped as in the literature, with the difference between the best model and the
 * baseline in a column at the right. The means are over the severities that all models have measured.
 *
 * @returns undefined when no corruption was measured by all models
 */
export function corruptionChart(comparison: Comparison, { width }: BarOptions): Svg | undefined {
  const { models, baseline, best } = comparison;
  const rows = GROUPS.flatMap((group): Row[] => {
    const measured = CORRUPTION_GROUPS[group].flatMap((corruption) => {
      const errors = commonErrors(models, corruption);
      return errors ? [{ name: longName(corruption), errors }] : [];
    });
    return measured.length > 0 ? [{ name: group.toUpperCase() }, ...measured] : [];
  });
  if (rows.length === 0) return undefined;

  const key = keyPlaces(models, width);
  const margins = { top: 52 + key.at(-1)!.y, ...MARGINS };
  const height = rows.length * Math.max(24, 10 + models.length * 9) + margins.top + margins.bottom;
  const narrow = width - margins.left - margins.right < 300;
  const axis = niceAxis(Math.max(...rows.flatMap(({ errors = [] }) => errors)), narrow ? 3 : 5);
  const label = `Mean top-1 error on each corruption for ${models.map((model) => model.label).join(', ')}`;
  return plot(
    { width, height, margins, label, x: [0, axis.max], y: [0, rows.length] },
    ({ x, height, ...plot }) => {
      const bands = scaleBand<Row>(rows, [0, height]).paddingInner(0.28).paddingOuter(0.1);
      const bars = scaleBand<ComparedModel>(models, [0, bands.bandwidth()]).paddingInner(0.08);
      const right = plot.width + margins.right;
      return (
        <>
          <XAxis ticks={axis.values} format={axisPercent} grid above />
          {baseline && best && (
            <Label x={right} y={-10} size={11} anchor="end" color={COLORS.muted} text="points" />
          )}
          <g transform={`translate(${-margins.left} ${-margins.top})`}>
            {models.map((model, index) => (
              <>
                <rect
                  x={key[index]!.x + 1}
                  y={key[index]!.y + 1}
                  width={10.5}
                  height={10.5}
                  fill={model.color}
                />
                <Label
                  x={key[index]!.x + 18}
                  y={key[index]!.y + 10}
                  size={KEY_SIZE}
                  bold
                  text={fitText(model.label, width - 24, KEY_SIZE)}
                />
              </>
            ))}
          </g>
          {rows.map((row) => {
            const { name, errors } = row;
            const middle = bands.bandwidth() / 2 + 4.5;
            return (
              <g transform={`translate(0 ${bands(row)!})`}>
                {errors ? (
                  <>
                    <Label x={2 - margins.left} y={middle} size={12.5} text={name} />
                    {models.map((model, index) => (
                      <rect
                        y={bars(model)!}
                        width={x(errors[index]!)}
                        height={bars.bandwidth()}
                        fill={model.color}
                      />
                    ))}
                    <Change comparison={comparison} errors={errors} x={right} y={middle} />
                    {/* Not seen until it is pointed at: one for all bars of a corruption. */}
                    <rect width={x(Math.max(...errors))} height={bands.bandwidth()} fill-opacity={0}>
                      <title>{barTip(comparison, name, errors)}</title>
                    </rect>
                  </>
                ) : (
                  <Label
                    x={2 - margins.left}
                    y={middle - 1}
                    size={10.5}
                    bold
                    color={COLORS.muted}
                    text={name}
                  />
                )}
              </g>
            );
          })}
        </>
      );
    },
  );
}

/** How the best model stands to the baseline, where there are both. */
function Change({
  comparison: { models, baseline, best },
  errors,
  ...place
}: {
  readonly comparison: Comparison;
  readonly errors: readonly number[];
  readonly x: number;
  readonly y: number;
}) {
  if (!baseline || !best) return null;
  const change = errors[models.indexOf(best)]! - errors[models.indexOf(baseline)]!;
  const text = formatPoints(change);
  const color = Number(text) === 0 ? COLORS.muted : change < 0 ? COLORS.better : COLORS.worse;
  return <Label {...place} bold anchor="end" color={color} text={text} />;
}

/** The errors of all models on one corruption, and how they stand to the baseline's. */
function barTip({ models, baseline }: Comparison, row: string, errors: readonly number[]): string {
  const reference = baseline && errors[models.indexOf(baseline)]!;
  return tip(
    row,
    models.map((model, index) => [
      model.label,
      formatPercent(errors[index]!, 2),
      ...(reference === undefined || models.length === 1
        ? []
        : [model === baseline ? '' : `${formatPoints(errors[index]! - reference, 2)} points`]),
    ]),
  );
}

const KEY_SIZE = 12.5;

/** Where the names of the key stand, from the picture's upper left corner: in as many rows as they need. */
function keyPlaces(models: readonly ComparedModel[], width: number): { x: number; y: number }[] {
  let [x, y] = [0, 0];
  return models.map(({ label }) => {
    const needed = Math.min(label.length * KEY_SIZE * 0.58 + 40, width);
    if (x > 0 && x + needed > width) [x, y] = [0, y + 20];
    x += needed;
    return { x: x - needed, y };
  });
}
