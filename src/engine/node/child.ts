/** Handles of a process that an engine runs in. */
import type { ChildProcess } from 'node:child_process';

/** Whether the process keeps this one alive: only while it owes an answer. */
export function hold(child: ChildProcess, on: boolean): void {
  for (const handle of [child, child.channel, child.stderr as unknown as { ref(): void; unref(): void }]) {
    if (on) handle?.ref();
    else handle?.unref();
  }
}

/**
 * Ends the process and waits until it is gone.
 *
 * @param stop How it is told: a closed channel lets it finish, a signal need not.
 */
export async function end(child: ChildProcess, stop: (child: ChildProcess) => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // Else nothing keeps this process from ending first.
  child.ref();
  stop(child);
  await ended;
}
