/** Predictions made up for tests. */
import type { CorruptionName, Severity } from '../../src/corrupt/names.ts';
import { PredictionsRecord } from '../../src/evaluate/result/predictions.ts';

/** Answers as `[class, confidence]`; `null` for an image that could not be read. */
export type Said = readonly (readonly [predicted: number, confidence: number] | null)[];

/** Predictions of `labels`; cells are named as in the file: `clean`, `fog.3`. */
export function predictionsOf(
  classes: readonly string[],
  labels: readonly number[],
  cells: Readonly<Record<string, Said>>,
  cleanLabels?: readonly number[],
): PredictionsRecord {
  const record = new PredictionsRecord({
    classes,
    labels: Int32Array.from(labels),
    ...(cleanLabels && { cleanLabels: Int32Array.from(cleanLabels) }),
  });
  for (const [name, said] of Object.entries(cells)) {
    const [corruption, severity] = name.split('.') as [CorruptionName, string | undefined];
    record.add(severity ? { corruption, severity: Number(severity) as Severity } : 'clean', {
      predicted: Int32Array.from(said, (answer) => answer?.[0] ?? -1),
      confidence: Float32Array.from(said, (answer) => answer?.[1] ?? Number.NaN),
    });
  }
  return record;
}
