import type { ImageStorage } from '../storage.ts';
import type { TarLeftOut } from './tar-entry.ts';

/** The files of a folder or of an archive. */
export interface Listing {
  /** The folder or archive, absolute. */
  readonly place: string;
  /** Paths below it, `/` between the parts; any order. */
  readonly files: readonly string[];
  /** What the files are whose names do not tell; absent where nobody looked. */
  readonly kinds?: ListedKinds;
  /** What is there and cannot be read, such as links to folders. */
  readonly leftOut?: readonly TarLeftOut[];
  /** How to say a file in a message. */
  describe(file: number): string;
  read(file: number): Promise<Uint8Array>;
  /** The bytes of some of the files, for threads. */
  storage(files: readonly number[]): ImageStorage;
  close(): Promise<void>;
}

/** What contents tell of files whose names do not. */
export interface ListedKinds {
  readonly pictures: ReadonlySet<number>;
  /** In words, in the singular. */
  readonly others: ReadonlyMap<number, string>;
}
