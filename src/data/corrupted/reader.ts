import type { CorruptionName, ParameterSet, Severity } from '../../corrupt/names.ts';
import type { SplitContents } from '../contents.ts';

/** A set of some format before its images are looked at. */
export interface CorruptedReader {
  readonly displayName: string;
  /** Whose strengths its corruptions have. */
  readonly strengths: ParameterSet;
  /** Where its frost is from: what its manifest says, or `published`. */
  readonly frost: string;
  /** Images that could not be read when the set was made from them, where its manifest tells. */
  readonly leftOut?: number;
  /** What the set holds when it is whole, where its manifest tells. */
  readonly declared?: readonly CorruptionName[];
  /** What to do where it lacks some of that. */
  readonly goOn?: (lacking: readonly CorruptionName[]) => string;
  /** Severities by corruption. */
  readonly held: ReadonlyMap<CorruptionName, readonly Severity[]>;
  /** Check that all cells of these corruptions are whole and of the same images. */
  open(corruptions: readonly CorruptionName[], severities: readonly Severity[]): Promise<CorruptedContents>;
  close(): Promise<void>;
}

/** All images of a set. */
export interface CorruptedContents {
  readonly classes: readonly string[];
  /** Of the images of a cell. */
  readonly labels: Int32Array;
  cell(corruption: CorruptionName, severity: Severity): Pick<SplitContents, 'storage' | 'describe'>;
}
