/** One workload, several contenders that take turns at it. */
import type { Workload } from './network.ts';
import type { TorchMode, TurnAnswer, Work } from './protocol.ts';
import type { Side } from './side.ts';
import { ratios, type Spread, spread } from './spread.ts';
import {
  CLOCKS,
  type Disturbance,
  type MeasuredTurn,
  type Subject,
  type TurnOptions,
  type Turns,
  takeTurns,
} from './turns.ts';

/** How one who takes part appears in a comparison. */
export interface Entry {
  readonly label: string;
  /** Others are compared with it. */
  readonly reference: boolean;
  /** Least ratios that are wanted, by the references' labels. */
  readonly wanted?: Readonly<Record<string, number>>;
}

/** Who takes part in a process of its own, and how. */
export interface Contender extends Entry {
  readonly side: Side;
  readonly workload: Workload;
  /** Of PyTorch. */
  readonly mode?: TorchMode;
}

export interface Row {
  readonly label: string;
  readonly imagesPerSecond: Spread;
  readonly wanted: Readonly<Record<string, number>>;
  /** By the labels of the references: how many times as fast, turn by turn. */
  readonly ratios: Readonly<Record<string, Spread>>;
  /** Of all cores together; undefined where the system does not tell. */
  readonly processorSecondsPerStep: Spread | undefined;
  /** Share of a step outside the runtime's kernels. */
  readonly outside: Spread | undefined;
  readonly turns: readonly MeasuredTurn[];
}

export interface Comparison {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Contenders that could not begin, or broke off, and why. */
  readonly leftOut: readonly string[];
  readonly disturbances: readonly Disturbance[];
}

export interface CompareOptions extends TurnOptions {
  /** Least length of a turn behind its first steps. */
  readonly seconds: number;
  /** Whoever would begin after this moment of the clock is left out. */
  readonly openUntil?: number;
}

/** Steps of a turn, where a second is too short for them. */
const LEAST_STEPS = 3;

export async function compare(
  title: string,
  work: Work,
  contenders: readonly Contender[],
  options: CompareOptions,
): Promise<Comparison> {
  const { openUntil = Number.POSITIVE_INFINITY } = options;
  const leftOut: string[] = [];
  const opened: { readonly contender: Contender; readonly id: string }[] = [];
  for (const [number, contender] of contenders.entries()) {
    const { side, workload, mode, label } = contender;
    const id = `${title} ${number}`;
    if (CLOCKS.now() > openUntil) {
      leftOut.push(`${label}: no time was left`);
      continue;
    }
    try {
      await side.ask({ kind: 'open', id, work, workload, mode });
      opened.push({ contender, id });
    } catch (error) {
      leftOut.push(`${label}: ${(error as Error).message}`);
    }
  }
  const subjects = opened.map(
    ({ contender: { label, side, workload }, id }): Subject => ({
      label,
      side,
      take: async () => {
        const request = { kind: 'turn', id, seconds: options.seconds, leastSteps: LEAST_STEPS };
        const { counted, seconds, steps, outside } = await side.ask<TurnAnswer>(request);
        return { images: counted * workload.batch, seconds, steps, outside };
      },
    }),
  );
  const turns = await takeTurns(subjects, options);
  for (const { contender, id } of opened) {
    // A side that has ended was told of in its turn.
    await contender.side.ask({ kind: 'close', id }).catch(() => {});
  }
  const comparison = toComparison(
    title,
    opened.map(({ contender }) => contender),
    turns,
  );
  return { ...comparison, leftOut: [...leftOut, ...comparison.leftOut] };
}

/** Images a second by the clock. */
const byClock = ({ images, seconds }: MeasuredTurn): number => images / seconds;

/** Images a second of processor time, which is images a second a core; for turns of which everything counts. */
export const byProcessor = ({ images, processor = Number.NaN }: MeasuredTurn): number => images / processor;

/** Medians, spreads and ratios of turns that were taken. */
export function toComparison(
  title: string,
  entries: readonly Entry[],
  { series, failures, disturbances }: Turns,
  rate: (turn: MeasuredTurn) => number = byClock,
): Comparison {
  const rates = series.map((turns) => turns.map(rate));
  const took = (number: number) => series[number].length > 0;
  const rows = entries.flatMap(({ label, wanted = {} }, number): Row[] => {
    if (!took(number)) return [];
    const references = entries.flatMap((other, at) =>
      other.reference && at !== number && took(at)
        ? [[other.label, ratios(rates[number], rates[at])] as const]
        : [],
    );
    const turns = series[number];
    const row = {
      label,
      imagesPerSecond: spread(rates[number]),
      wanted,
      ratios: Object.fromEntries(references),
      processorSecondsPerStep: ofKnown(turns.map(({ processor, steps }) => processor && processor / steps)),
      outside: ofKnown(turns.map(({ outside }) => outside)),
      turns,
    };
    return [row];
  });
  const leftOut = [...failures].map(([number, reason]) => `${entries[number].label}: ${reason}`);
  return { title, rows, leftOut, disturbances };
}

function ofKnown(values: readonly (number | undefined)[]): Spread | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length && known.length > 0 ? spread(known) : undefined;
}
