import type { Cell } from './grid.ts';

export interface ProgressEvent {
  readonly kind: 'progress';
  /** What is being measured. */
  readonly cell: Cell | 'clean';
  /** Cells of the whole evaluation, clean data included. */
  readonly cells: number;
  readonly finished: number;
  /** Images of this part so far, and when it is done. */
  readonly images: number;
  readonly totalImages: number;
  readonly imagesPerSecond: number;
  readonly remainingSeconds: number;
}

/** Counts images and says how fast it goes. Cells that an earlier part finished count as done, but not for speed. */
export class Progress {
  readonly #cells: number;
  readonly #totalImages: number;
  readonly #now: () => number;
  readonly #start: number;
  #finished: number;
  #images = 0;

  /**
   * @param cells cells of the whole evaluation
   * @param finished those that were finished before
   * @param totalImages images behind those that are still to be measured
   * @param now milliseconds of a clock that never goes back
   */
  constructor(cells: number, finished: number, totalImages: number, now = () => performance.now()) {
    this.#cells = cells;
    this.#finished = finished;
    this.#totalImages = totalImages;
    this.#now = now;
    this.#start = now();
  }

  get seconds(): number {
    return (this.#now() - this.#start) / 1000;
  }

  advance(cell: Cell | 'clean', images: number): ProgressEvent {
    this.#images += images;
    const imagesPerSecond = this.#images / Math.max(this.seconds, 1e-3);
    return {
      kind: 'progress',
      cell,
      cells: this.#cells,
      finished: this.#finished,
      images: this.#images,
      totalImages: this.#totalImages,
      imagesPerSecond,
      remainingSeconds: Math.max(0, this.#totalImages - this.#images) / imagesPerSecond,
    };
  }

  finishCell(): void {
    this.#finished++;
  }
}
