import { Worker } from 'node:worker_threads';

/**
 * Start a worker thread from one of this project's own modules.
 *
 * The module is named as its TypeScript source (`new URL('./x-worker.ts', import.meta.url)`).
 * In the built package the same module ends in `.js`. Run from source (tests, benchmarks), the
 * thread first registers tsx by its API: Node 20 ignores `--import tsx` for a worker's entry file.
 */
export function spawnWorker(source: URL, workerData: unknown): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL(source.href.replace(/\.ts$/, '.js')), { workerData });
  }
  // The thread would look for tsx from the folder it is started in.
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const boot = `import(${tsx}).then(({ register }) => { register(); return import(${JSON.stringify(source.href)}); })`;
  return new Worker(boot, { eval: true, workerData });
}
