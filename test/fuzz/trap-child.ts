/** Readers that do what none may, to see whether the watch over readers notices. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { guardWrites } from './guard.ts';
import { Outside, serve } from './serve.ts';

const [root] = process.argv.slice(2);
const outside = new Outside();
guardWrites(path.resolve(root), outside.note);

const kept: unknown[] = [];
const TRAPS: Readonly<Record<string, (file: string) => Promise<void> | void>> = {
  reads: () => {},
  refuses: () => {
    throw new RangeError('refused');
  },
  throws: () => {
    throw new TypeError('x is not a function');
  },
  spins: () => {
    for (;;);
  },
  waits: () => new Promise(() => {}),
  ends: () => process.exit(0),
  throwsLater: () =>
    new Promise(() => {
      setTimeout(() => {
        throw new TypeError('nobody catches this');
      });
    }),
  heap: () => {
    for (;;) kept.push(new Array(1e5).fill(kept));
  },
  native: async () => {
    for (;;) {
      kept.push(Buffer.alloc(2 ** 24, 1));
      await new Promise(setImmediate);
    }
  },
  block: () => {
    Buffer.alloc(2 ** 28, 1);
  },
  writes: (file) => {
    try {
      writeFileSync(file, '');
    } catch {
      // What a reader does with errors.
    }
  },
};

serve(
  async ({ reader, file }) => await TRAPS[reader](file),
  (error) => error instanceof RangeError,
  outside,
);
