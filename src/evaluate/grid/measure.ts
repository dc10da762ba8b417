/** The measuring loop: batches of corrupted images from the loader's workers, logits from the engine, counts. */
import { type Logits, scoreBatch } from '../../train/score.ts';
import { type Answers, countNotFinite, enterAnswers, noAnswers } from './answers.ts';
import type { Cell } from './grid.ts';

/** As much of a loader's batch as counting needs. */
export interface LabelledBatch {
  readonly images: Float32Array | Uint8Array;
  readonly labels: ArrayLike<number>;
  /** Place of each image in the pass over all. */
  readonly indices: ArrayLike<number>;
  readonly count: number;
}

export interface MeasureOptions {
  /** What to measure, in order; `clean` is the uncorrupted data. */
  readonly cells: readonly (Cell | 'clean')[];
  /** A pass over the data for one cell, which fails when no image can be read. */
  readonly open: (cell: Cell | 'clean') => AsyncIterable<LabelledBatch>;
  /** Logits of the data's classes, `[count, classes]`. */
  readonly classify: (batch: LabelledBatch) => Promise<Logits>;
  readonly classes: number;
  /** Where given, the answer to each image is kept. */
  readonly answers?: {
    /** Images of the pass over a cell, bad ones included. */
    readonly images: (cell: Cell | 'clean') => number;
  };
  /** Batches of one pass. */
  readonly batches: number;
  /** Batches that shall be in the making at any time, so that no worker idles. */
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
  /** Images with a NaN among their logits, which count as errors; left out where there are none. */
  readonly nan?: number;
  /** Images with an infinite logit among theirs; left out where there are none. */
  readonly infinite?: number;
  /** What the model said to each image, where that was asked for. */
  readonly answers?: Answers;
}

/**
 * Measures cell after cell.
 *
 * The network and the workers overlap twice: a batch is fetched while the one before is classified, and the passes
 * of the next cells begin as soon as this one leaves the workers too little to do.
 *
 * Ends with the signal's reason when it is aborted; cells that were yielded before stay valid.
 */
export async function* measureCells(options: MeasureOptions): AsyncGenerator<MeasuredCell> {
  const { cells, batches, ahead, signal } = options;
  const passes: Pass[] = [];
  let opened = 0;
  const begin = () => {
    const pass = new Pass(options.open(cells[opened++]));
    pass.prefetch();
    passes.push(pass);
  };
  try {
    for (const cell of cells) {
      signal?.throwIfAborted();
      if (passes.length === 0) begin();
      const onReceived = (received: number) => {
        while (opened < cells.length && passes.length * batches - received < ahead) begin();
      };
      yield await measureCell(cell, passes[0], onReceived, options);
      await passes.shift()!.close();
    }
  } finally {
    for (const pass of passes) await pass.close();
  }
}

async function measureCell(
  cell: Cell | 'clean',
  pass: Pass,
  onReceived: (batches: number) => void,
  { classify, classes, answers: asked, signal, onBatch }: MeasureOptions,
): Promise<MeasuredCell> {
  const answers = asked && noAnswers(asked.images(cell));
  let images = 0;
  let top1 = 0;
  let top5 = 0;
  let received = 0;
  const notFinite = { nan: 0, infinite: 0 };
  for (let next = await pass.next(); !next.done; next = await pass.next()) {
    signal?.throwIfAborted();
    const batch = next.value;
    pass.prefetch();
    onReceived(++received);
    // Nothing is left of a batch whose images are all skipped.
    if (batch.count === 0) continue;
    const logits = await classify(batch);
    const correct = scoreBatch(logits, batch.labels, classes);
    const counted = countNotFinite(logits, classes);
    notFinite.nan += counted.nan;
    notFinite.infinite += counted.infinite;
    if (answers) enterAnswers(answers, logits, batch.indices, classes);
    images += batch.count;
    top1 += batch.count - correct.top1;
    top5 += batch.count - correct.top5;
    onBatch?.(cell, batch.count);
  }
  signal?.throwIfAborted();
  return {
    ...{ cell, top1: top1 / images, top5: top5 / images, images },
    ...(notFinite.nan > 0 && { nan: notFinite.nan }),
    ...(notFinite.infinite > 0 && { infinite: notFinite.infinite }),
    ...(answers && { answers }),
  };
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
