/** `manifest.json`, which `pushpull corrupt` leaves beside the corrupted images: how they were made. */
import { z } from 'zod';
import { CORRUPTIONS, type CorruptionName, PARAMETER_SETS, SEVERITIES } from '../../corrupt/names.ts';
import { UserError } from '../../errors.ts';
import { parseJson } from '../../json.ts';

export const MANIFEST_FILE = 'manifest.json';
const MANIFEST_SCHEMA = 'pushpull.corrupted/1';

const manifestSchema = z.object({
  schema: z.literal(MANIFEST_SCHEMA),
  /** The clean images. */
  data: z.object({
    name: z.string(),
    split: z.enum(['train', 'test']),
    images: z.number().int().positive(),
    /** Class names, by label. */
    classes: z.array(z.string()),
    limit: z.number().int().positive().nullable(),
    /** Side of the square that was cut out of every image first; null where they were taken as they are. */
    size: z.number().int().positive().nullable(),
    /** Images that could not be read and are in no cell (`--skip-bad`); `images` does not count them. */
    unreadable: z.array(z.object({ path: z.string(), reason: z.string() })).optional(),
    /** SHA-256 over the SHA-256 of each clean image (label, size and pixels), in order. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
  format: z.enum(['npy', 'png', 'jpeg']),
  /** Whose strengths. */
  set: z.enum(PARAMETER_SETS),
  seed: z.number().int(),
  severities: z.array(z.literal(SEVERITIES)).min(1),
  /** Parameters by corruption, one entry a severity in the order of `severities`. */
  corruptions: z.partialRecord(z.enum(CORRUPTIONS), z.array(z.unknown())),
  quirks: z.record(z.string(), z.boolean()),
  /** `generated`, or the folder of textures that was given. */
  frost: z.string(),
  /** The command that makes the set, without --corruption and --out. */
  command: z.string().optional(),
  environment: z.object({ pushpull: z.string(), node: z.string() }),
});

export type CorruptedManifest = Omit<z.infer<typeof manifestSchema>, 'schema' | 'corruptions'> & {
  readonly corruptions: Readonly<Partial<Record<CorruptionName, readonly unknown[]>>>;
};

export function formatManifest(manifest: CorruptedManifest): string {
  return `${JSON.stringify({ schema: MANIFEST_SCHEMA, ...manifest }, null, 2)}\n`;
}

/**
 * @param name of the file, for messages
 * @returns undefined for a manifest of somebody else's
 * @throws UserError when it is one of this project's, but damaged
 */
export function parseManifest(text: string, name: string): CorruptedManifest | undefined {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (schema !== MANIFEST_SCHEMA) return undefined;
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new UserError(
    `${name}: expected a manifest as 'pushpull corrupt' writes it, found ${issue.path.join('.')} wrong (${issue.message}); ` +
      'make the set again',
  );
}

/**
 * What to do about a set that lacks something.
 *
 * @param corruptions that lack it
 * @param place where the set lies
 */
export function goOn(
  { command }: CorruptedManifest,
  corruptions: readonly CorruptionName[],
  place: string,
): string {
  if (command === undefined) return 'make the set again in an empty folder';
  const out = /^[\w./:@%+=,-]+$/.test(place) ? place : `'${place.replaceAll("'", "'\\''")}'`;
  return `its making was stopped, or files were lost; go on with: ${command} --corruption ${corruptions.join(',')} --out ${out}`;
}
