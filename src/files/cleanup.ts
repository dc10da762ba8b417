/** What shall not outlive this process, however it ends: lock files and temporary folders. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const pending = new Set<() => void>();
let watching = false;

/**
 * Have something done when the process ends early: by an error, by `process.exit`, or by a signal that nobody handles.
 * Nothing can be done when it is killed outright.
 *
 * @param remove synchronous, as nothing else is waited for then
 * @returns what takes it back
 */
export function atExit(remove: () => void): () => void {
  pending.add(remove);
  watch();
  return () => {
    pending.delete(remove);
    if (pending.size === 0) unwatch();
  };
}

/** Do it now: this process is about to end itself by a signal. */
export function cleanUp(): void {
  for (const remove of [...pending]) {
    pending.delete(remove);
    try {
      remove();
    } catch {
      // The next process will find it and know that this one is gone.
    }
  }
}

function watch(): void {
  if (watching) return;
  watching = true;
  process.on('exit', cleanUp);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function unwatch(): void {
  if (!watching) return;
  watching = false;
  process.removeListener('exit', cleanUp);
  for (const signal of SIGNALS) process.removeListener(signal, onSignal);
}

function onSignal(signal: NodeJS.Signals): void {
  // Somebody else decides what it means, and may need more time.
  if (process.listenerCount(signal) > 1) return;
  cleanUp();
  unwatch();
  process.kill(process.pid, signal);
}
