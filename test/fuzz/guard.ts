/** Lets this process write into one folder only; to be imported before anything that writes. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

/** What makes, changes or removes a file, and which of its arguments are places. */
const WRITERS: Readonly<Record<string, readonly number[]>> = {
  ...{ appendFile: [0], chmod: [0], copyFile: [1], cp: [1], createWriteStream: [0], link: [1], mkdir: [0] },
  ...{
    mkdtemp: [0],
    rename: [0, 1],
    rm: [0],
    rmdir: [0],
    symlink: [1],
    truncate: [0],
    unlink: [0],
    utimes: [0],
  },
  ...{ writeFile: [0] },
};

/** Thrown where a reader writes elsewhere. */
export class WrittenOutside extends Error {}

/**
 * Make every call that writes outside of `folder` throw.
 *
 * @param told is called too: who catches the error shall not hide it
 */
export function guardWrites(folder: string, told: (problem: string) => void): void {
  const check = (name: string, place: unknown) => {
    if (typeof place !== 'string' && !Buffer.isBuffer(place) && !(place instanceof URL)) return;
    const absolute = path.resolve(String(place));
    if (absolute === folder || absolute.startsWith(folder + path.sep) || absolute === '/dev/null') return;
    const problem = `${name} wrote to ${absolute}, outside of ${folder}`;
    told(problem);
    throw new WrittenOutside(problem);
  };
  const isReading = (flags: unknown) =>
    flags === undefined ||
    flags === 'r' ||
    typeof flags === 'function' ||
    (typeof flags === 'number' &&
      (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT)) === 0);
  const wrap = (holder: object, name: string, checkAll: (args: readonly unknown[]) => void) => {
    const original: unknown = Reflect.get(holder, name);
    if (typeof original !== 'function') return;
    Reflect.set(holder, name, function (this: unknown, ...args: unknown[]) {
      checkAll(args);
      return original.apply(this, args);
    });
  };
  for (const [name, places] of Object.entries(WRITERS)) {
    const checkAll = (args: readonly unknown[]) => {
      for (const at of places) check(name, args[at]);
    };
    for (const [holder, as] of [
      [fs, name],
      [fs, `${name}Sync`],
      [fs.promises, name],
    ] as const) {
      wrap(holder, as, checkAll);
    }
  }
  for (const [holder, as] of [
    [fs, 'open'],
    [fs, 'openSync'],
    [fs.promises, 'open'],
  ] as const) {
    wrap(holder, as, ([place, flags]) => {
      if (!isReading(flags)) check(as, place);
    });
  }
  syncBuiltinESMExports();
}
