/** The folder that `pushpull export --to huggingface` writes. */
import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../../errors.ts';
import { readResult } from '../../evaluate/result/result.ts';
import { checkWritable } from '../../files/files.ts';
import { ifThere, readdir, readFile, statIfThere } from '../../files/fs.ts';
import { LOCK_FILE } from '../../files/lock.ts';
import type { ModelCard } from '../../models/card.ts';
import { exportModel } from '../../models/export.ts';
import {
  type CardMetrics,
  huggingFaceConfig,
  huggingFaceProcessor,
  huggingFaceReadme,
  PIXEL_VALUES,
} from '../../models/huggingface.ts';
import type { ImageModel } from '../../models/registry.ts';
import type { Weights } from '../../nn/index.ts';

export const MODEL_FILE = join('onnx', 'model.onnx');
const CONFIG = 'config.json';

/**
 * Refuse a folder that holds anything else than an earlier export.
 *
 * @throws UserError
 */
export async function checkHuggingFaceFolder(folder: string): Promise<void> {
  await checkWritable(folder, 'folder');
  if (!(await statIfThere(folder))) return;
  const names = (await readdir(folder)).filter((name) => name !== LOCK_FILE);
  if (names.length === 0) return;
  const config = await ifThere(readFile(join(folder, CONFIG), 'utf8'));
  if (config !== undefined && isOurs(config)) return;
  throw new UserError(
    `--out ${folder}: expected a new or empty folder, or one that \`pushpull export --to huggingface\` wrote, found one with ` +
      `${names[0]}; choose another`,
  );
}

function isOurs(config: string): boolean {
  try {
    const value = JSON.parse(config) as Record<string, unknown> | null;
    return value !== null && 'pushpull' in value && 'id2label' in value;
  } catch {
    return false;
  }
}

/**
 * The files by name.
 *
 * @param run the folder of the run that the network is of, whose result is told
 * @throws UserError where the images need what Hugging Face's processors cannot do
 */
export async function huggingFaceFiles(
  {
    model,
    weights,
    card,
  }: { readonly model: ImageModel; readonly weights: Weights; readonly card: ModelCard },
  folder: string,
  run: string | undefined,
): Promise<Map<string, string | Uint8Array>> {
  const processor = huggingFaceProcessor(card.preprocessing);
  const metrics = run === undefined ? undefined : await metricsOf(run, exportModel(model, weights, card));
  return new Map<string, string | Uint8Array>([
    [MODEL_FILE, exportModel(model, weights, card, PIXEL_VALUES)],
    ['preprocessor_config.json', json(processor)],
    ['README.md', huggingFaceReadme(card, basename(resolve(folder)), metrics)],
    [CONFIG, json(huggingFaceConfig(card))],
  ]);
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** What the run's result says, where it is whole and of this very network. */
async function metricsOf(run: string, bytes: Uint8Array): Promise<CardMetrics | undefined> {
  const file = join(run, 'result.json');
  if (!(await statIfThere(file))) return undefined;
  const { model, data, metrics, complete } = await readResult(file);
  if (!complete || model.sha256 !== createHash('sha256').update(bytes).digest('hex')) return undefined;
  const rows: [string, number | undefined][] = [
    ['clean error', metrics['error.clean']],
    ['mCE (mean error under corruptions)', metrics['mce.absolute']],
  ];
  return {
    data: `${data.images} images of ${data.name}`,
    rows: rows.filter((row): row is [string, number] => row[1] !== undefined),
  };
}
