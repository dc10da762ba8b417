import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Pixels that are decoded at the same time, unless one image alone has more: a tenth of a gigabyte of RGB. */
const MOST_PIXELS = 2 ** 25;

/** Holds the images of a batch back while those before them fill the memory. */
export class Admission {
  #inUse = 0;
  #closed = false;
  #last: Promise<void> = Promise.resolve();
  #waiting: (() => void) | undefined;
  /** Pixels that were given back, and may wait for the search for garbage. */
  #garbage = 0;

  /** The turn of the next image: turns come in the order in which they are asked for, so that nobody waits in vain. */
  turn(): Turn {
    const before = this.#last;
    let pixels = 0;
    let pass = () => {};
    this.#last = new Promise((resolve) => {
      pass = resolve;
    });
    return {
      admit: async (wanted) => {
        await before;
        while (this.#inUse > 0 && this.#inUse + wanted > MOST_PIXELS && !this.#closed) {
          await new Promise<void>((resolve) => {
            this.#waiting = resolve;
          });
        }
        if (this.#closed) throw new Error('the image is not wanted any more');
        await this.#collect(wanted);
        pixels = wanted;
        this.#inUse += wanted;
        pass();
      },
      pass,
      release: () => {
        this.#inUse -= pixels;
        this.#garbage += pixels;
        pixels = 0;
        this.#waiting?.();
      },
    };
  }

  /** V8 looks at its own heap only, where the largest image is a small object: left alone it keeps many of them. */
  async #collect(wanted: number): Promise<void> {
    if (this.#garbage + wanted <= MOST_PIXELS || this.#garbage < MOST_PIXELS / 2) return;
    this.#garbage = 0;
    collectGarbage ??= findCollector();
    collectGarbage();
    // The decoder's memory is freed after the search, not in it.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Refuse all that are still held back. */
  close(): void {
    this.#closed = true;
    this.#waiting?.();
  }
}

export interface Turn {
  /** Wait until there is room for so many pixels. */
  admit(pixels: number): Promise<void>;
  /** Let the next one have its turn, where this one needs no room. */
  pass(): void;
  /** Give the room back. */
  release(): void;
}

let collectGarbage: (() => void) | undefined;

function findCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
