/** What long work shows on standard error: a bar on a terminal, a line now and then in a log. */
import { SingleBar } from 'cli-progress';
import pc from 'picocolors';

/** Seconds between two plain lines. */
const LINE_SECONDS = 30;

/**
 * One line that changes in place on a terminal. Elsewhere (a pipe, a log file) its text is printed as a line
 * of its own when half a minute has passed since the last one.
 */
export class ProgressLine {
  readonly #terminal: boolean;
  #bar: SingleBar | undefined;
  #printed = performance.now();

  constructor(terminal: boolean = process.stderr.isTTY === true) {
    this.#terminal = terminal;
  }

  /** Show that `done` of `total` is done; `before` and `after` stand at the sides of the bar. */
  update(done: number, total: number, before: string, after: string): void {
    if (this.#terminal) this.#draw(done, total, before, after);
    else this.#print(`${before}  ${done}/${total}  ${after}`);
  }

  /** Take the line away, so that something else can be printed. The next update draws it again. */
  clear(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  /** A lasting line of text above the changing one. */
  log(text: string): void {
    this.clear();
    console.error(text);
    this.#printed = performance.now();
  }

  #draw(done: number, total: number, before: string, after: string): void {
    if (this.#bar === undefined) {
      this.#bar = new SingleBar({
        format: (_, { value, total, progress }, payload) => barLine({ value, total, progress, ...payload }),
        hideCursor: true,
        clearOnComplete: true,
        fps: 5,
        stream: process.stderr,
        // Ctrl-C is handled by the command, which stops its work cleanly.
        gracefulExit: false,
      });
      this.#bar.start(total, done, { before, after });
    } else {
      this.#bar.setTotal(total);
      this.#bar.update(done, { before, after });
    }
  }

  #print(text: string): void {
    if (performance.now() - this.#printed < LINE_SECONDS * 1000) return;
    console.error(text);
    this.#printed = performance.now();
  }
}

/** Longest bar, in characters. */
const BAR = 20;
/** A shorter one tells nothing and makes room for words. */
const SHORTEST_BAR = 4;

/** The line with a bar that takes what the words leave of a terminal's width, and none where they leave too little. */
function barLine({ value, total, progress, before, after }: Record<string, string | number>): string {
  const left = `${before} `;
  const right = ` ${value}/${total}  ${after}`;
  const room = Math.min(BAR, (process.stderr.columns ?? 80) - left.length - right.length - 1);
  if (room < SHORTEST_BAR) return `${before}${right}`;
  const full = Math.round(Number(progress) * room);
  return `${left}${pc.cyan('━'.repeat(full) + '─'.repeat(room - full))}${right}`;
}

/** A length of time as a person says it: `42 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** `0.2`, but `5e-6` where zeros would have to be counted. */
export function short(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3
    ? Number(value.toPrecision(3)).toExponential()
    : String(Number(value.toPrecision(3)));
}

/** Exit status of a program that Ctrl-C ended. */
export const INTERRUPTED = 130;

/** A wrapper such as npm or tsx passes on the Ctrl-C that the terminal has sent to everybody: that is no second one. */
const ECHO_MILLISECONDS = 500;

/**
 * Runs work that Ctrl-C (or a termination signal, or a terminal that is closed) stops cleanly: the first one aborts the signal that the work is
 * given, a second one ends the process at once.
 *
 * @param onStop Called when the first signal comes.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  onStop: () => void,
): Promise<T> {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let first = 0;
  const stop = (signal: NodeJS.Signals): void => {
    if (!controller.signal.aborted) {
      first = performance.now();
      onStop();
      controller.abort();
    } else if (performance.now() - first > ECHO_MILLISECONDS) {
      // Die by the signal itself: leaving by `process.exit` while ONNX Runtime computes would abort with a dump.
      for (const each of signals) process.removeListener(each, stop);
      process.kill(process.pid, signal);
    }
  };
  for (const signal of signals) process.on(signal, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.removeListener(signal, stop);
  }
}
