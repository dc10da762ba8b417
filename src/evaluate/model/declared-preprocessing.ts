/** How a model's own metadata and the configurations of HuggingFace's and timm's beside it say that it wants its images. */

import path from 'node:path';
import { readFile } from '../../files/fs.ts';
import { parseJson } from '../../json.ts';
import type { DeclaredPreprocessing, Gap } from './declared/declared.ts';
import { readProcessor } from './declared/huggingface.ts';
import { isRecord } from './declared/keys.ts';
import { readImageMetadata } from './declared/onnx-metadata.ts';
import { readTimm, timmConfig } from './declared/timm.ts';

export type { DeclaredPreprocessing };

/**
 * The folders in which a model's configuration may lie: its own, and the one above where it lies in `onnx`, as is the
 * convention of transformers.js.
 */
export function configFolders(file: string): string[] {
  const folder = path.dirname(file);
  return path.basename(folder) === 'onnx' ? [folder, path.dirname(folder)] : [folder];
}

/**
 * Reads `preprocessor_config.json`, or timm's `config.json`, near a model, and the image metadata in it; undefined where
 * there is none of all.
 *
 * @param file the ONNX file
 * @param metadata `metadata_props` of the model
 */
export async function declaredPreprocessing(
  file: string,
  metadata: readonly { readonly key: string; readonly value: string }[] = [],
): Promise<DeclaredPreprocessing | undefined> {
  const inside = readImageMetadata(metadata);
  const beside = await configuration(file);
  return inside && beside ? together(inside, beside) : (inside ?? beside);
}

async function configuration(file: string): Promise<DeclaredPreprocessing | undefined> {
  for (const folder of configFolders(file)) {
    const configFile = path.join(folder, 'config.json');
    const config = await readJson(configFile);
    for (const name of ['preprocessor_config.json', 'processor_config.json']) {
      const processorFile = path.join(folder, name);
      const found = await readJson(processorFile);
      if (found === undefined) continue;
      if (!isRecord(found)) return unreadable(processorFile);
      const own = isRecord(found.image_processor) ? found.image_processor : found;
      if (own === found && name === 'processor_config.json') continue;
      const type = isRecord(config) && typeof config.model_type === 'string' ? config.model_type : undefined;
      return readProcessor(own, processorFile, type);
    }
    const timm = timmConfig(config);
    if (timm) return readTimm(timm, configFile);
  }
  return undefined;
}

/** Undefined where there is no file, null where it is no JSON. */
async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return parseJson(text) ?? null;
  } catch {
    return null;
  }
}

function unreadable(file: string): DeclaredPreprocessing {
  const says = 'nothing that can be read: no JSON object';
  return {
    known: {},
    source: file,
    notes: [],
    gaps: [
      { about: 'values', says },
      { about: 'size', says },
    ],
  };
}

/** The values that a file tells itself stand; where a configuration beside it tells others, nobody knows. */
function together(inside: DeclaredPreprocessing, beside: DeclaredPreprocessing): DeclaredPreprocessing {
  const differs = (about: Gap['about'], one: unknown, other: unknown, what: string): Gap[] =>
    one === undefined || other === undefined || JSON.stringify(one) === JSON.stringify(other)
      ? []
      : [{ about, says: `another ${what} than ${beside.source}` }];
  return {
    ...beside,
    known: { ...beside.known, ...inside.known },
    source: `${inside.source} and ${beside.source}`,
    notes: [...inside.notes, ...beside.notes],
    gaps: [
      ...inside.gaps,
      ...beside.gaps,
      ...differs('values', inside.known.mean, beside.known.mean, 'range of values'),
      ...differs('values', inside.known.std, beside.known.std, 'range of values'),
      ...differs('channels', inside.known.channels, beside.known.channels, 'order of channels'),
    ],
  };
}
