/** Result files that are given on the command line. */
import { readResult } from '../../evaluate/result/result.ts';
import type { Result } from '../../evaluate/result/schema.ts';

/** Results by the file that each was read from, the baseline first; what is named twice is read once. */
export async function readResults(
  files: readonly string[],
  baseline: string | undefined,
): Promise<Map<string, Result>> {
  const results = new Map<string, Result>();
  for (const file of new Set([...(baseline === undefined ? [] : [baseline]), ...files])) {
    results.set(file, await readResult(file));
  }
  return results;
}
