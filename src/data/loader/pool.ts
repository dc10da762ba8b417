import { setFlagsFromString } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { spawnWorker } from '../../engine/node/worker-threads.ts';
import { UserError } from '../../errors.ts';
import { explainFinally } from '../../system-errors.ts';
import type { SharedImages } from '../storage.ts';
import { type BatchJob, BatchMaker, type BatchResult } from './make-batch.ts';

/** What a thread is told. */
export type Request =
  | { readonly kind: 'open'; readonly dataset: number; readonly images: SharedImages }
  | { readonly kind: 'forget'; readonly dataset: number }
  | { readonly kind: 'make'; readonly id: number; readonly dataset: number; readonly job: BatchJob };

/** What it answers to `make`. */
export type Reply =
  | { readonly id: number; readonly result: BatchResult }
  | {
      readonly id: number;
      readonly failure: { readonly message: string; readonly stack?: string; readonly isUserError: boolean };
    };

interface Task {
  readonly id: number;
  readonly dataset: number;
  readonly images: SharedImages;
  readonly job: BatchJob;
  /** Threads that died while at it. */
  deaths: number;
  resolve(result: BatchResult): void;
  reject(error: unknown): void;
}

/** A batch that was ordered. */
export interface PendingBatch {
  readonly result: Promise<BatchResult>;
  /** Take it out of the queue, if it still waits there; the result is then rejected. */
  cancel(): void;
}

/** A batch whose thread dies so often is given up. */
const MOST_DEATHS = 3;
/** Data sets that threads keep open; those used longest ago are forgotten first. */
const MOST_DATASETS = 4;
/** Buffers of finished batches that wait to be used again. */
const MOST_BUFFERS = 32;

/**
 * Megabytes of old objects that a new thread may have before its heap is searched for garbage. A thread has few of its
 * own, so that V8 would search after every fifth image, whose pixels count; see docs/decisions/loader-speed.md.
 */
const OLD_SPACE = 64;

/**
 * Threads that make batches. A pool outlives the passes over the data that use it, several at once if need be,
 * so that neither threads nor memory are made anew for each epoch or each cell of an evaluation.
 *
 * A thread that dies is replaced, and its batch is made by another. Idle threads do not keep the process alive.
 */
export class LoaderPool {
  /** Threads; with 0 the caller's own thread makes the batches. */
  readonly workers: number;
  readonly #spawn: () => Worker;
  readonly #threads: PoolThread[] = [];
  readonly #queue: Task[] = [];
  readonly #buffers: SharedArrayBuffer[] = [];
  readonly #datasets = new WeakMap<SharedImages, number>();
  readonly #ownMakers = new Map<SharedImages, BatchMaker>();
  #nextDataset = 0;
  #nextTask = 0;
  #closing: Promise<void> | undefined;

  /** @param spawn starts a thread; another than the real one in tests */
  constructor(workers: number, spawn: () => Worker = startWorker) {
    if (!(Number.isInteger(workers) && workers >= 0)) {
      throw new UserError(`--workers: expected a whole number of threads, 0 or more, found ${workers}`);
    }
    this.workers = workers;
    this.#spawn = spawn;
  }

  /** Order a batch; it is made as soon as a thread is free. */
  make(images: SharedImages, job: Omit<BatchJob, 'buffer'>): PendingBatch {
    if (this.#closing) throw new Error('the loader pool is closed');
    const withBuffer = { ...job, buffer: this.#buffers.pop() };
    if (this.workers === 0) return { result: this.#ownMaker(images).make(withBuffer), cancel: () => {} };
    const dataset = this.#datasets.get(images) ?? this.#nextDataset++;
    this.#datasets.set(images, dataset);
    const { promise, resolve, reject } = withResolvers<BatchResult>();
    const task = { id: this.#nextTask++, dataset, images, job: withBuffer, deaths: 0, resolve, reject };
    this.#queue.push(task);
    this.#dispatch();
    return { result: promise, cancel: () => this.#drop(task) };
  }

  /** Hand back the memory of a batch that nobody looks at any more. */
  recycle(buffer: SharedArrayBuffer): void {
    if (this.#buffers.length < MOST_BUFFERS && buffer.byteLength > 0) this.#buffers.push(buffer);
  }

  /** End the threads. Batches that are being made fail. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const error = new Error('the loader pool was closed');
    for (const task of this.#queue.splice(0)) task.reject(error);
    await Promise.all(this.#threads.map((thread) => thread.close(error)));
    await Promise.all([...this.#ownMakers.values()].map((maker) => maker.close()));
  }

  #ownMaker(images: SharedImages): BatchMaker {
    const maker = this.#ownMakers.get(images) ?? new BatchMaker(images);
    this.#ownMakers.set(images, maker);
    return maker;
  }

  #drop(task: Task): void {
    const position = this.#queue.indexOf(task);
    if (position < 0) return;
    this.#queue.splice(position, 1);
    if (task.job.buffer) this.recycle(task.job.buffer);
    task.reject(new Error('the batch was cancelled'));
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && !this.#closing) {
      let thread = this.#threads.find(({ task }) => task === undefined);
      if (!thread) {
        if (this.#threads.length >= this.workers) return;
        thread = this.#start();
      }
      thread.begin(this.#queue.shift()!);
    }
  }

  #start(): PoolThread {
    // Read by V8 when a thread begins, and never again.
    setFlagsFromString(`--initial-old-space-size=${OLD_SPACE}`);
    const thread = new PoolThread(this.#spawn(), {
      idle: () => this.#dispatch(),
      died: (error, task) => {
        this.#threads.splice(this.#threads.indexOf(thread), 1);
        if (task) {
          task.deaths++;
          if (task.deaths < MOST_DEATHS) this.#queue.unshift(task);
          else task.reject(explainFinally(error));
        }
        this.#dispatch();
      },
    });
    this.#threads.push(thread);
    return thread;
  }
}

function startWorker(): Worker {
  return spawnWorker(new URL('./worker.ts', import.meta.url), undefined);
}

/** One thread and the batch that it is making. */
class PoolThread {
  task: Task | undefined;
  readonly #worker: Worker;
  readonly #opened = new Set<number>();
  #closing = false;

  constructor(worker: Worker, events: { idle(): void; died(error: Error, task: Task | undefined): void }) {
    this.#worker = worker;
    this.#worker.unref();
    this.#worker.on('message', (reply: Reply) => {
      this.#finish(reply);
      events.idle();
    });
    let failure: Error | undefined;
    this.#worker.on('error', (error) => {
      failure = error;
    });
    // An answer that cannot be read is as good as none: the thread begins anew.
    this.#worker.on('messageerror', (error) => {
      failure = error;
      void this.#worker.terminate();
    });
    this.#worker.on('exit', (code) => {
      if (this.#closing) return;
      const { task } = this;
      this.task = undefined;
      events.died(failure ?? new Error(`a loader thread ended with code ${code}`), task);
    });
  }

  begin(task: Task): void {
    this.task = task;
    const { id, dataset, images, job } = task;
    if (!this.#opened.has(dataset)) {
      this.#opened.add(dataset);
      this.#send({ kind: 'open', dataset, images });
      const [oldest] = this.#opened;
      if (this.#opened.size > MOST_DATASETS) {
        this.#opened.delete(oldest);
        this.#send({ kind: 'forget', dataset: oldest });
      }
    }
    this.#worker.ref();
    this.#send({ kind: 'make', id, dataset, job });
  }

  /** From here on nothing that the thread says counts: `terminate` keeps the process alive until it has ended. */
  async close(error: Error): Promise<void> {
    this.#closing = true;
    this.task?.reject(error);
    this.task = undefined;
    await this.#worker.terminate();
  }

  #send(request: Request): void {
    this.#worker.postMessage(request);
  }

  #finish(reply: Reply): void {
    const { task } = this;
    if (this.#closing || task?.id !== reply.id) return;
    this.task = undefined;
    this.#worker.unref();
    if ('result' in reply) task.resolve(reply.result);
    else task.reject(revive(reply.failure));
  }
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers<T>(): {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

function revive({
  message,
  stack,
  isUserError,
}: {
  message: string;
  stack?: string;
  isUserError: boolean;
}): Error {
  if (isUserError) return new UserError(message);
  const error = new Error(message);
  error.stack = stack ?? error.stack;
  return error;
}
