/** Reading, checking and writing result files. */

import { UserError } from '../../errors.ts';
import { readProblem } from '../../files/files.ts';
import { readFile } from '../../files/fs.ts';
import { parseJson } from '../../json.ts';
import { RESULT_SCHEMA, type Result, resultSchema } from './schema.ts';

/**
 * Checks that `value`, parsed from `file`, is a result of the schema that this version writes.
 *
 * @throws UserError that names the file, the expected schema and what was found
 */
export function validateResult(value: unknown, file: string): Result {
  const found = value !== null && typeof value === 'object' && 'schema' in value ? value.schema : undefined;
  if (found !== RESULT_SCHEMA) {
    const what = found === undefined ? 'no schema field' : `schema ${JSON.stringify(found)}`;
    throw new UserError(
      `${file}: expected a result file with schema "${RESULT_SCHEMA}", found ${what}; ` +
        'give a file that `pushpull evaluate` of this version wrote',
    );
  }
  const parsed = resultSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new UserError(
      `${file}: a result file with schema "${RESULT_SCHEMA}", but ${issue.path.join('.') || 'its content'} is wrong ` +
        `(${issue.message}); the file was edited or damaged: evaluate the model again`,
    );
  }
  return parsed.data;
}

/**
 * Reads and validates a result file.
 *
 * @throws UserError if it is missing, no JSON, or a file of another schema
 */
export async function readResult(file: string): Promise<Result> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(
      `${file}: expected a result file, found none (${readProblem(error)}); write one with \`pushpull evaluate\``,
    );
  }
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw new UserError(
      `${file}: expected a result file (JSON), found something else; give a file that \`pushpull evaluate\` wrote`,
    );
  }
  return validateResult(value, file);
}

/** The text of a result file: JSON with one corruption a line, so that two results can be compared by `diff`. */
export function formatResult(result: Result): string {
  const text = JSON.stringify(resultSchema.parse(result), null, 2);
  // Rows of numbers on one line. Text is out of reach: a line never breaks inside a JSON string.
  return `${text.replace(/\[\n\s+([^[\]{}"]*?)\n\s+\]/g, (_, row: string) => `[${row.replace(/\s+/g, ' ')}]`)}\n`;
}
