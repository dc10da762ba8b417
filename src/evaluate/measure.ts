/** The measuring loop: batches of corrupted images from the loader's workers, logits from the engine, counts. */
import { UserError } from '../errors.ts';
import { scoreBatch } from '../train/score.ts';
import type { Cell } from './grid.ts';

/** As much of a loader's batch as counting needs. */
export interface LabelledBatch {
  readonly images: Float32Array | Uint8Array;
  readonly labels: ArrayLike<number>;
  readonly count: number;
}

export interface MeasureOptions {
  /** What to measure, in order; `clean` is the uncorrupted data. */
  readonly cells: readonly (Cell | 'clean')[];
  /** A pass over the data for one cell. Asking it for its first batch starts the workers. */
  readonly open: (cell: Cell | 'clean') => AsyncIterable<LabelledBatch>;
  readonly classify: (batch: LabelledBatch) => Promise<Float32Array>;
  readonly classes: number;
  /** Output of the model for each class of the data; left out when they are in the same order. */
  readonly outputOfClass?: Int32Array;
  /** Batches of one pass. */
  readonly batches: number;
  /** Batches that the loader works on ahead of the one it hands over. */
  readonly ahead: number;
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onBatch?: (cell: Cell | 'clean', images: number) => void;
}

export interface MeasuredCell {
  readonly cell: Cell | 'clean';
  /** Top-1 error, in [0, 1]. */
  readonly top1: number;
  /** Top-5 error, in [0, 1]. */
  readonly top5: number;
  readonly images: number;
}

/**
 * Measures cell after cell.
 *
 * The network and the workers overlap twice: a batch is fetched while the one before is classified, and the next
 * cell's pass begins as soon as the workers run out of batches of this one.
 *
 * Ends with the signal's reason when it is aborted; cells that were yielded before stay valid.
 */
export async function* measureCells(options: MeasureOptions): AsyncGenerator<MeasuredCell> {
  const { cells, open, signal } = options;
  let current: Pass | undefined;
  let upcoming: Pass | undefined;
  try {
    for (let position = 0; position < cells.length; position++) {
      signal?.throwIfAborted();
      current = upcoming ?? new Pass(open(cells[position]));
      upcoming = undefined;
      const prefetch = () => {
        if (upcoming || position + 1 >= cells.length) return;
        upcoming = new Pass(open(cells[position + 1]));
        upcoming.prefetch();
      };
      yield await measureCell(cells[position], current, prefetch, options);
    }
  } finally {
    await current?.close();
    await upcoming?.close();
  }
}

async function measureCell(
  cell: Cell | 'clean',
  pass: Pass,
  prefetchNextCell: () => void,
  options: MeasureOptions,
): Promise<MeasuredCell> {
  const { batches, ahead, signal } = options;
  let images = 0;
  let top1 = 0;
  let top5 = 0;
  let received = 0;
  for (let next = await pass.next(); !next.done; next = await pass.next()) {
    signal?.throwIfAborted();
    const batch = next.value;
    received++;
    pass.prefetch();
    if (received + ahead >= batches) prefetchNextCell();
    const logits = await options.classify(batch);
    const labels = options.outputOfClass
      ? Int32Array.from(batch.labels, (label) => options.outputOfClass![label])
      : batch.labels;
    const correct = scoreBatch(logits, labels, options.classes);
    images += batch.count;
    top1 += batch.count - correct.top1;
    top5 += batch.count - correct.top5;
    options.onBatch?.(cell, batch.count);
  }
  signal?.throwIfAborted();
  if (images === 0) {
    throw new UserError(
      '--skip-bad: no image of the data could be read; give a data set with readable images',
    );
  }
  return { cell, top1: top1 / images, top5: top5 / images, images };
}

/** One pass over the data whose next batch can be asked for ahead of time. */
class Pass {
  readonly #iterator: AsyncIterator<LabelledBatch>;
  #pending: Promise<IteratorResult<LabelledBatch>> | undefined;

  constructor(loader: AsyncIterable<LabelledBatch>) {
    this.#iterator = loader[Symbol.asyncIterator]();
  }

  prefetch(): void {
    this.#pending ??= this.#iterator.next();
    // A failure is reported by the `next` that waits for this batch; until then nobody listens.
    this.#pending.catch(() => {});
  }

  next(): Promise<IteratorResult<LabelledBatch>> {
    const pending = this.#pending ?? this.#iterator.next();
    this.#pending = undefined;
    return pending;
  }

  async close(): Promise<void> {
    await this.#pending?.catch(() => {});
    await this.#iterator.return?.();
  }
}
