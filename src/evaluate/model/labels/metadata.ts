/** Names of classes that come along with a model: in its metadata, in its graph, or in a configuration beside it. */

import path from 'node:path';
import { ifThere, readFile } from '../../../files/fs.ts';
import { parseJson } from '../../../json.ts';
import type { ModelCard } from '../../../models/card.ts';
import { attributeOf } from '../../../onnx/constants.ts';
import type { ModelProto } from '../../../onnx/model.ts';
import { configFolders } from '../declared-preprocessing.ts';
import { NAME_KEYS, namesOfValue, type OutputNames, parseLabels } from './output-names.ts';

/**
 * What a model's file, or a `config.json` of HuggingFace beside it, says of its classes; undefined when that is nothing.
 *
 * @param file the ONNX file
 */
export async function declaredNames(
  file: string,
  proto: ModelProto,
  card: ModelCard | undefined,
): Promise<OutputNames | undefined> {
  // A network exported from weights alone has a card without classes.
  if (card?.classes?.length) {
    return {
      names: card.classes.map((name) => [name]),
      complete: true,
      from: 'card',
      source: "the model's card",
    };
  }
  return inMetadata(proto) ?? inGraph(proto) ?? (await inConfig(file));
}

function inMetadata({ metadataProps }: ModelProto): OutputNames | undefined {
  for (const key of NAME_KEYS) {
    const text = metadataProps.find((entry) => entry.key === key)?.value.trim();
    if (!text) continue;
    const source = `"${key}" in the model's metadata`;
    const names = read(() => parseLabels(jsonOfPython(text), source));
    if (names && names.names.length > 1) return { ...whole(names), from: 'metadata', source };
  }
  return undefined;
}

/** What scikit-learn's converters note in the graph itself. */
function inGraph({ graph }: ModelProto): OutputNames | undefined {
  for (const node of graph.node) {
    if (node.opType !== 'ZipMap') continue;
    const { strings = [] } = attributeOf(node, 'classlabels_strings') ?? {};
    const numbers = attributeOf(node, 'classlabels_int64s')?.ints?.map(String) ?? [];
    const list = strings.length > 0 ? strings.map((bytes) => new TextDecoder().decode(bytes)) : numbers;
    if (list.length === 0) continue;
    return {
      names: list.map((name) => [name]),
      complete: true,
      from: 'metadata',
      source: 'the class labels in its graph',
    };
  }
  return undefined;
}

/** The convention of HuggingFace: `config.json` beside the model, or beside the folder `onnx` that it lies in. */
async function inConfig(file: string): Promise<OutputNames | undefined> {
  for (const place of configFolders(file)) {
    const source = path.join(place, 'config.json');
    const text = await ifThere(readFile(source, 'utf8'));
    const config = text === undefined ? undefined : read(() => parseJson(text) as Record<string, unknown>);
    for (const key of ['id2label', 'label_names'] as const) {
      const value = config?.[key];
      const names = value === undefined ? undefined : read(() => namesOfValue(value, source));
      if (names) return { ...whole(names), from: 'config', source };
    }
  }
  return undefined;
}

/** What comes along with a model names all its outputs, in whatever form. */
function whole({ names }: Pick<OutputNames, 'names' | 'complete'>): Pick<OutputNames, 'names' | 'complete'> {
  return { names, complete: names.every((aliases) => aliases.length > 0) };
}

/** Metadata that is not understood is as good as none: it was never meant for us. */
function read<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/** Ultralytics writes Python's text of a dictionary, `{0: 'tench', 1: "jack-o'-lantern"}`; others a list with commas. */
function jsonOfPython(text: string): string {
  if (!/^[[{(]/.test(text)) return /[\r\n]/.test(text) ? text : text.split(',').join('\n');
  if (read(() => parseJson(text) as unknown) !== undefined) return text;
  return text
    .replace(/^\(/, '[')
    .replace(/\)$/, ']')
    .replace(
      /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([{,]\s*)(\d+)(\s*:)/g,
      (_, single?: string, double?: string, before = '', key = '', after = '') =>
        single !== undefined || double !== undefined
          ? JSON.stringify((single ?? double)!.replace(/\\(['"\\])/g, '$1'))
          : `${before}"${key}"${after}`,
    );
}
