/** Several tasks side by side, each when what it waits for is done. */

export interface Task {
  /** Whether it can be begun now; asked again whenever another task has ended. */
  ready(): boolean;
  /** Must not reject: what goes wrong is the task's to note. */
  work(): Promise<void>;
}

/**
 * Carry out tasks, the first that is ready first.
 *
 * @param jobs How many at a time.
 * @returns when none is left, or none that could become ready, or after an abort, when those that ran have ended
 */
export async function carryOut(tasks: readonly Task[], jobs: number, signal?: AbortSignal): Promise<void> {
  const waiting = [...tasks];
  const running = new Set<Promise<void>>();
  for (;;) {
    while (running.size < jobs && !signal?.aborted) {
      const index = waiting.findIndex((task) => task.ready());
      if (index < 0) break;
      const [task] = waiting.splice(index, 1);
      const work = task!.work().finally(() => running.delete(work));
      running.add(work);
    }
    if (running.size === 0) return;
    await Promise.race(running);
  }
}
