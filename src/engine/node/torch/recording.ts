import type { CudaDevice, CudaGraph } from './cuda.ts';

/** Runs before a step is recorded, in which libtorch and its libraries take the memory and make the choices they want. */
const WARM_UP = 3;

/**
 * A program's launches, recorded once and then sent to the GPU as one piece: 800 launches take longer than a small step.
 *
 * What a recorded step uses between its first and its last call is given back to libtorch's pool, and used again by the
 * step at every launch. A tensor that was placed since and is still there may lie in it, so after any such the step is
 * recorded anew; tensors that come and go between two launches do no harm.
 */
export class Recording {
  readonly #device: Pick<CudaDevice, 'capture'>;
  /** Changes whenever a tensor was placed that stays. */
  readonly #placed: () => number;
  #runs = 0;
  #graph: { readonly graph: CudaGraph; readonly placed: number } | undefined;
  /** Why it cannot be recorded. */
  #refused: string | undefined;

  constructor(device: Pick<CudaDevice, 'capture'>, placed: () => number) {
    this.#device = device;
    this.#placed = placed;
  }

  get refused(): string | undefined {
    return this.#refused;
  }

  /**
   * Carry out a step: plainly at first and where it cannot be recorded, else from its recording.
   *
   * @param launch the step's calls
   * @param clear lets go of what an earlier recording gave out
   */
  run(launch: () => void, clear: () => void): void {
    if (this.#refused !== undefined || this.#runs++ < WARM_UP) {
      launch();
      return;
    }
    if (this.#graph?.placed !== this.#placed()) {
      this.destroy();
      clear();
      try {
        this.#graph = { graph: this.#device.capture(launch), placed: this.#placed() };
      } catch (error) {
        this.#refused = (error as Error).message;
        clear();
        launch();
        return;
      }
    }
    this.#graph.graph.launch();
  }

  destroy(): void {
    this.#graph?.graph.destroy();
    this.#graph = undefined;
  }

  /** Whether what the step gave out last has to stay where it is. */
  get holds(): boolean {
    return this.#graph !== undefined;
  }
}
