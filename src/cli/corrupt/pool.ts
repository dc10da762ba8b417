import type { Worker } from 'node:worker_threads';
import { spawnWorker } from '../../engine/node/worker-threads.ts';
import type { Image } from '../../image/image.ts';
import type { CorruptReply, CorruptRequest, CorruptWorkerData } from './worker.ts';

interface Waiting {
  resolve(results: readonly Uint8Array[]): void;
  reject(error: unknown): void;
}

/** Threads that corrupt; an image goes to the one with the least to do. */
export class CorruptPool {
  readonly #threads: CorruptThread[];

  constructor(size: number, data: CorruptWorkerData) {
    this.#threads = Array.from({ length: size }, () => new CorruptThread(data));
  }

  get size(): number {
    return this.#threads.length;
  }

  /** What becomes of an image in each cell. Settles whatever happens to the thread. */
  run(index: number, image: Image): Promise<readonly Uint8Array[]> {
    return this.#threads.reduce((a, b) => (b.waiting < a.waiting ? b : a)).run(index, image);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

class CorruptThread {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, Waiting>();
  /** Why it answers nothing any more. */
  #dead: Error | undefined;

  constructor(data: CorruptWorkerData) {
    this.#thread = spawnWorker(new URL('./worker.ts', import.meta.url), data);
    this.#thread.on('message', ({ index, results }: CorruptReply) => {
      this.#waiting.get(index)?.resolve(results);
      this.#waiting.delete(index);
    });
    this.#thread.on('error', (error) => this.#fail(error as Error));
    this.#thread.on('messageerror', (error) => this.#fail(error));
    this.#thread.on('exit', (code) => this.#fail(new Error(`a thread ended with code ${code}`)));
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  run(index: number, { width, height, data }: Image): Promise<readonly Uint8Array[]> {
    return new Promise((resolve, reject) => {
      if (this.#dead) return reject(this.#dead);
      const request: CorruptRequest = { index, width, height, data };
      this.#thread.postMessage(request);
      this.#waiting.set(index, { resolve, reject });
    });
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#dead);
    this.#waiting.clear();
  }
}
