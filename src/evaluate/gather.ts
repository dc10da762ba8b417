/** What is known of single images before an evaluation begins: answers of its earlier part, and the baseline's. */
import { UserError } from '../errors.ts';
import { plural } from '../words.ts';
import { predictionsSubject, type TestData } from './images/test-data.ts';
import type { EvaluateOptions } from './options.ts';
import { measuredCells, type Predictions, PredictionsRecord, readPredictions } from './result/predictions.ts';
import { withoutCells } from './result/record.ts';
import { readResult } from './result/result.ts';
import type { Result } from './result/schema.ts';

export interface GatheredAnswers {
  /** With the earlier part's, to be added to. */
  readonly predictions: PredictionsRecord;
  /** Of the baseline, where there are any. */
  readonly baseline: Predictions | undefined;
  /** The earlier part, without what shall be measured again. */
  readonly earlier: Result | undefined;
  /** What is missing, for people. */
  readonly notes: readonly string[];
}

export interface GatherOptions {
  readonly options: EvaluateOptions;
  readonly test: TestData;
  readonly earlier: Result | undefined;
  /** What the result says of its baseline, and the baseline's own result where it was given now. */
  readonly reference: Result['baseline'];
  readonly baseline: Result | undefined;
}

export async function gatherAnswers({ options, test, ...known }: GatherOptions): Promise<GatheredAnswers> {
  const notes: string[] = [];
  const predicted = known.earlier && (await readEarlierPredictions(known.earlier, options.out!, notes));
  const predictions = new PredictionsRecord(predictionsSubject(test, predicted));
  const cells = known.earlier ? measuredCells(known.earlier) : [];
  if (predicted) predictions.adopt(predicted, cells);
  const without = cells.filter((cell) => !predictions.cell(cell));
  if (without.length > 0 && !options.predictions) {
    notes.push(
      `no intervals, calibration and paired tests: ${without.length} of ${plural(cells.length, 'cell')} were measured without ` +
        'keeping the answers to single images; --predictions measures those again',
    );
  }
  return {
    predictions,
    baseline: known.reference && (await readBaselinePredictions(known.reference, known.baseline, notes)),
    earlier: known.earlier && options.predictions ? withoutCells(known.earlier, without) : known.earlier,
    notes,
  };
}

/** The answers that an earlier part kept. Those of another evaluation are written over, which a note tells. */
async function readEarlierPredictions(
  earlier: Result,
  out: string,
  notes: string[],
): Promise<Predictions | undefined> {
  try {
    return await readPredictions(out, earlier);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    notes.push(`predictions of an earlier part were not used: ${error.message}`);
    return undefined;
  }
}

/** The baseline's answers; why there are none becomes a note. */
async function readBaselinePredictions(
  { file, model }: NonNullable<Result['baseline']>,
  known: Result | undefined,
  notes: string[],
): Promise<Predictions | undefined> {
  const missing = (reason: string) => {
    notes.push(`no interval of mce.baseline and no paired tests: ${reason}`);
    return undefined;
  };
  try {
    const result = known ?? (await readResult(file));
    if (result.model.sha256 !== model.sha256) return missing(`${file} holds another model by now`);
    const predictions = await readPredictions(file, result);
    return (
      predictions ?? missing(`${file} has no predictions beside it; measure it again with --predictions`)
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return missing(error.message);
  }
}
