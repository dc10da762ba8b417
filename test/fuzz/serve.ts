/** How a process that reads answers to the one that watches it. */

/** A file to read. */
export interface Order {
  readonly reader: string;
  readonly file: string;
  readonly cacheDir: string;
}

/** What is wrong, if anything, and how much memory this process has taken at most. */
export interface Answer {
  readonly problem?: string;
  readonly megabytes: number;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** Told what a reader wrote elsewhere, which it may have hidden. */
export class Outside {
  problem: string | undefined;
  readonly note = (problem: string): void => {
    this.problem ??= problem;
  };
}

/**
 * Read what is ordered, one file at a time, and tell how each ended.
 *
 * @param isRefusal whether an error is how a reader refuses a file
 */
export function serve(
  read: (order: Order) => Promise<void>,
  isRefusal: (error: unknown) => boolean,
  outside: Outside,
): void {
  const answer = async (order: Order): Promise<Answer> => {
    let problem: string | undefined;
    outside.problem = undefined;
    try {
      await read(order);
    } catch (error) {
      problem = isRefusal(error) ? undefined : describe(error);
    }
    return { problem: problem ?? outside.problem, megabytes: process.resourceUsage().maxRSS / 1024 };
  };
  process.on('message', (order: Order) => {
    void answer(order).then((answered) => process.send?.(answered));
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ megabytes: process.resourceUsage().maxRSS / 1024 } satisfies Answer);
}
