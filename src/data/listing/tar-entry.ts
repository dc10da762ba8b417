/** A regular file inside a tar archive, or a link to one. */
export interface TarEntry {
  readonly path: string;
  /** Of the contents, from the beginning of the archive. */
  readonly offset: number;
  /** 0 also of a link to what the archive does not hold. */
  readonly length: number;
}

/** Something inside a tar archive that is no file which can be read in place. */
export interface TarLeftOut {
  readonly path: string;
  /** In words, in the singular. */
  readonly kind: string;
}
