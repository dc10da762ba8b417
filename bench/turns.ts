/**
 * Taking turns: each subject works alone for a while, everybody else asleep, again and again in a rotating order.
 *
 * A side that is asked for one step at a time, right after another has had the caches and its own threads have gone to
 * sleep, shows a third of the speed that it has alone. So a turn is long, its first steps are left out by whoever
 * takes it, and whether the others really slept is looked up.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a turn came to. */
export interface Turn {
  /** Images of the steps that count. */
  readonly images: number;
  /** Seconds that these steps took. */
  readonly seconds: number;
  /** All steps, those that do not count included: processor time is of all. */
  readonly steps: number;
  /** Share of the seconds spent outside the runtime's kernels, where it can be told. */
  readonly outside?: number;
}

/** A process, or all of this one, with the processor time that it has used. */
export interface ProcessorClock {
  readonly label: string;
  /** Undefined where the system does not tell. */
  processorSeconds(): number | undefined;
}

/** What takes turns. */
export interface Subject {
  readonly label: string;
  /** Where it works; subjects may share a side. */
  readonly side: ProcessorClock;
  take(): Promise<Turn>;
}

export interface MeasuredTurn extends Turn {
  /** Processor seconds of its side during the whole turn. */
  readonly processor: number | undefined;
  /** Share of the machine that went to neither side. */
  readonly strangers: number;
}

/** A side that was to sleep and did not. */
export interface Disturbance {
  readonly during: string;
  readonly by: string;
  /** Of one core. */
  readonly share: number;
}

export interface Turns {
  /** Of each subject, its turns in order; fewer where it failed. */
  readonly series: readonly (readonly MeasuredTurn[])[];
  /** Why subjects failed, by their number; they took no further turn. */
  readonly failures: ReadonlyMap<number, string>;
  readonly disturbances: readonly Disturbance[];
}

export interface TurnOptions {
  readonly rounds: number;
  /** Seconds of silence before each turn: threads that wait for work spin for up to a fifth of a second. */
  readonly settle?: number;
  /** No round begins after this moment of the clock, but for the first. */
  readonly until?: number;
  readonly onRound?: (round: number) => void;
  /** In place of the machine's; for tests. */
  readonly clocks?: Clocks;
}

export interface Clocks {
  /** Seconds by the clock. */
  now(): number;
  /** Processor seconds of the whole machine. */
  machine(): number;
}

export const CLOCKS: Clocks = { now: () => performance.now() / 1000, machine: machineSeconds };

const SETTLE = 0.25;
/** Share of a core, and seconds, below which a side is taken to sleep; the system counts in hundredths of a second. */
const ASLEEP = { share: 0.02, seconds: 0.025 } as const;

/** Let subjects take turns: round r begins with subject r, so that none always follows the same one. */
export async function takeTurns(subjects: readonly Subject[], options: TurnOptions): Promise<Turns> {
  const { rounds, settle = SETTLE, until = Number.POSITIVE_INFINITY } = options;
  const { now, machine } = options.clocks ?? CLOCKS;
  const series: MeasuredTurn[][] = subjects.map(() => []);
  const failures = new Map<number, string>();
  const disturbances: Disturbance[] = [];
  const sides = [...new Set(subjects.map(({ side }) => side))];
  for (let round = 0; round < rounds && (round === 0 || now() < until); round++) {
    options.onRound?.(round);
    for (let i = 0; i < subjects.length; i++) {
      const number = (round + i) % subjects.length;
      const subject = subjects[number];
      if (failures.has(number)) continue;
      await sleep(1000 * settle);
      const before = sides.map((side) => side.processorSeconds());
      const [machineBefore, start] = [machine(), now()];
      const turn = await subject.take().catch((error: Error) => {
        failures.set(number, error.message);
      });
      if (!turn) continue;
      const wall = now() - start;
      const machineUsed = machine() - machineBefore;
      const used = sides.map((side, at) => difference(side.processorSeconds(), before[at]));
      sides.forEach((side, at) => {
        const seconds = used[at] ?? 0;
        const share = seconds / wall;
        if (side !== subject.side && share > ASLEEP.share && seconds > ASLEEP.seconds) {
          disturbances.push({ during: subject.label, by: side.label, share });
        }
      });
      const known = used.reduce<number>((sum, seconds) => sum + (seconds ?? 0), 0);
      series[number].push({
        ...turn,
        processor: used[sides.indexOf(subject.side)],
        strangers: Math.max(0, machineUsed - known) / (wall * cpus().length),
      });
    }
  }
  return { series, failures, disturbances };
}

const difference = (after: number | undefined, before: number | undefined): number | undefined =>
  after === undefined || before === undefined ? undefined : after - before;

/** This process, for what is timed in it. */
export const ownProcess: ProcessorClock = {
  label: 'this process',
  processorSeconds: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
};

/** Ticks of the counters in /proc. */
export const TICKS_A_SECOND = 100;

/** Processor seconds of the machine so far, those included that its host gave to others. */
function machineSeconds(): number {
  try {
    const [user, nice, system, , , irq, softIrq, steal = 0] = readFileSync('/proc/stat', 'utf8')
      .split('\n', 1)[0]
      .trim()
      .split(/\s+/)
      .slice(1)
      .map(Number);
    return (user + nice + system + irq + softIrq + steal) / TICKS_A_SECOND;
  } catch {
    const times = cpus().map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq);
    return times.reduce((a, b) => a + b, 0) / 1000;
  }
}
