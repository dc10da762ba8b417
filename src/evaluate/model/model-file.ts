import type { ModelCard } from '../../models/card.ts';
import type { ResultModel } from '../result/schema.ts';
import type { DeclaredPreprocessing } from './declared/declared.ts';
import type { OutputNames } from './labels/output-names.ts';

/** A model file that was read and found to be ONNX. */
export interface ModelFile {
  /** The ONNX file itself; in a run, its `model.onnx`. */
  readonly path: string;
  /** The folder of the run that it was given as. */
  readonly run?: string;
  /** With all weights, those of other files included. */
  readonly bytes: Uint8Array;
  readonly model: ResultModel;
  /** Present when this project wrote the file. */
  readonly card?: ModelCard;
  /** How it wants its images, where its metadata or a configuration beside it say so. */
  readonly declared?: DeclaredPreprocessing;
  /** What its outputs are called, where anything says so. */
  readonly names?: OutputNames;
  /** What was chosen while finding it, a line each. */
  readonly notes?: readonly string[];
}
