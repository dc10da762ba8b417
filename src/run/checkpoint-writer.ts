import type { Position } from './checkpoint.ts';
import { type Checkpoint, saveCheckpoint } from './checkpoint.ts';

/** Minutes between two checkpoints within an epoch, unless told otherwise. */
export const CHECKPOINT_MINUTES = 5;

export interface CheckpointWriterOptions {
  /** The checkpoint's folder. */
  readonly path: string;
  /** Minutes between two that are written beside the steps; with 0 there are none. */
  readonly minutes: number;
  readonly onSaved: (position: Position) => void;
  /** One that was written beside the steps failed; the one before is untouched, and training goes on. */
  readonly onFailed: (reason: string) => void;
}

/** The checkpoints of a run, written one after the other; those within an epoch beside the steps, which go on. */
export class CheckpointWriter {
  readonly #options: CheckpointWriterOptions;
  #begun = performance.now();
  #writing: Promise<void> | undefined;
  #saved = false;

  constructor(options: CheckpointWriterOptions) {
    this.#options = options;
  }

  /** Whether one was saved by this session. */
  get saved(): boolean {
    return this.#saved;
  }

  /** Whether it is time for one within the epoch. */
  get due(): boolean {
    const { minutes } = this.#options;
    return minutes > 0 && !this.#writing && performance.now() - this.#begun >= minutes * 60_000;
  }

  /**
   * Write one while training goes on.
   *
   * @param take gives what is saved, as it was when this was called; undefined for what is not worth it
   */
  beside(take: () => Promise<Checkpoint | undefined>): void {
    this.#begun = performance.now();
    this.#writing = (async () => {
      try {
        const checkpoint = await take();
        if (checkpoint) await this.#write(checkpoint);
      } catch (error) {
        this.#options.onFailed((error as Error).message);
      } finally {
        this.#writing = undefined;
      }
    })();
  }

  /** Write one, and wait for it. @throws UserError when it cannot be written */
  async save(checkpoint: Checkpoint): Promise<void> {
    await this.settle();
    this.#begun = performance.now();
    await this.#write(checkpoint);
  }

  /** Wait for the one that is being written. */
  async settle(): Promise<void> {
    await this.#writing;
  }

  async #write(checkpoint: Checkpoint): Promise<void> {
    await saveCheckpoint(this.#options.path, checkpoint);
    this.#saved = true;
    this.#options.onSaved(checkpoint.state.position);
  }
}
