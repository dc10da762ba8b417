/** What `npm run fuzz` begins with: small whole files, of the fixtures of the tests and of the corpus beside this file. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ReaderName } from './readers.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
export const CORPUS = fileURLToPath(new URL('corpus/', import.meta.url));

/** One file that is changed, and what lies beside it. */
export interface Seed {
  /** Path of the changed file in the folder that the reader gets. */
  readonly target: string;
  /** All files by their paths in that folder. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** The files of a folder, or that file, which `wanted` takes. */
function list(place: string, wanted: RegExp = /./): string[] {
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isFile() && wanted.test(entry.name))
    .map(({ name }) => path.join(place, name))
    .sort();
}

/** A seed of each file alone. */
function alone(files: readonly string[], name = (file: string) => path.basename(file)): Seed[] {
  return files.map((file) => {
    const target = name(file);
    return { target, files: new Map([[target, readFileSync(file)]]) };
  });
}

/** Files that belong together; those of `targets` are changed, one at a time. */
function together(
  files: Readonly<Record<string, string>>,
  targets: readonly string[] = Object.keys(files),
): Seed[] {
  const contents = new Map(Object.entries(files).map(([name, file]) => [name, readFileSync(file)]));
  return targets.map((target) => ({ target, files: contents }));
}

const fixture = (...parts: string[]) => path.join(FIXTURES, ...parts);
const corpus = (...parts: string[]) => path.join(CORPUS, ...parts);
const PICTURES = /\.(png|jpe?g|jfif|bmp|p[bgnp]m|gif|tiff?|webp|avif)$/i;
const published = (...parts: string[]) => fixture('data', 'published', ...parts);

/** Four pictures with a table beside them. */
function table(file: string): Seed[] {
  const pictures = Object.fromEntries([0, 1, 2, 3].map((i) => [`${i}.png`, corpus('table', `${i}.png`)]));
  const name = path.basename(file);
  return together({ ...pictures, [name]: file }, [name]);
}

/** One file of a folder's, with the others beside it. */
function folder(place: string): Seed[] {
  return together(Object.fromEntries(list(place).map((file) => [path.basename(file), file])));
}

const MAKERS: Readonly<Record<Exclude<ReaderName, 'options'>, () => Seed[]>> = {
  tar: () =>
    alone([corpus('folders.tar'), corpus('folders.tar.gz'), published('webdataset', 'val-000000.tar')]),
  zip: () => alone([published('pictures.zip')]),
  npy: () => [
    ...alone(list(fixture('data'), /\.npy$/)),
    ...together({ 'images.npy': corpus('images.npy'), 'labels.npy': corpus('labels.npy') }),
  ],
  mat: () => alone(list(fixture('data'), /\.mat$/)),
  picture: () =>
    alone([
      ...list(fixture('data', 'decode'), PICTURES),
      ...list(fixture('data', 'formats'), PICTURES),
      ...list(fixture('data', 'formats', 'damaged'), PICTURES),
    ]),
  safetensors: () =>
    alone([
      fixture('train', 'reference.safetensors'),
      ...list(fixture('train', 'libraries'), /kuangliu-resnet18.*safetensors$/),
    ]),
  pytorch: () => alone(list(fixture('train', 'pytorch'), /\.(pth|ckpt|pt|npz)$/)),
  onnx: () => [
    ...alone(list(fixture('evaluate', 'models'), /\.onnx$/).filter((file) => !/external|shared/.test(file))),
    ...alone(list(fixture('evaluate', 'readings', 'models'), /\.onnx$/)),
    ...together({
      'external.onnx': fixture('evaluate', 'models', 'external.onnx'),
      'external.onnx.data': fixture('evaluate', 'models', 'external.onnx.data'),
    }),
    ...together({
      'model.onnx': fixture('evaluate', 'models', 'huggingface', 'onnx', 'model.onnx'),
      'config.json': fixture('evaluate', 'models', 'huggingface', 'config.json'),
    }),
    ...together(
      {
        'model.onnx': fixture('evaluate', 'models', 'huggingface', 'onnx', 'model.onnx'),
        'preprocessor_config.json': corpus('preprocessor_config.json'),
      },
      ['preprocessor_config.json'],
    ),
    ...together(
      {
        'model.onnx': fixture('evaluate', 'models', 'huggingface', 'onnx', 'model.onnx'),
        'config.json': corpus('timm.json'),
      },
      ['config.json'],
    ),
  ],
  result: () => alone([corpus('result.json')]),
  predictions: () => {
    const predictions = 'result.predictions.safetensors';
    return together({ 'result.json': corpus('result.json'), [predictions]: corpus(predictions) }, [
      predictions,
    ]);
  },
  run: () => {
    const files = ['config.json', 'log.jsonl'].concat(
      ['state.json', 'weights.safetensors', 'optimizer.safetensors'].map(
        (name) => `checkpoints/last/${name}`,
      ),
    );
    return together(Object.fromEntries(files.map((name) => [name, corpus('run', name)])));
  },
  search: () => folder(corpus('search')),
  manifest: () => alone([corpus('manifest.json')]),
  experiment: () =>
    alone([corpus('experiment.yaml'), ...list(fixture('..', '..', 'experiments'), /^table[34].*\.yaml$/)]),
  labels: () => [
    ...table(corpus('labels.csv')),
    ...table(corpus('metadata.jsonl')),
    ...table(corpus('val_annotations.txt')),
  ],
  parquet: () => alone([published('words.parquet'), ...list(published('parquet', 'data'), /^test/)]),
  classes: () => alone([corpus('classes.txt'), corpus('labels.json')]),
  cifar: () => [
    ...folder(published('cifar-10-batches-py')),
    ...folder(published('cifar-100-binary')),
    ...folder(published('cifar-100-python')),
  ],
};

/** Files on which a reader failed once: `found/READER/NUMBER-NAME`, where the name is what the reader gets, with `%` for `/`. */
export function foundBy(reader: ReaderName): readonly Seed[] {
  const place = corpus('found', reader);
  if (!statSync(place, { throwIfNoEntry: false })) return [];
  return list(place).map((file) => {
    const target = path.basename(file).replace(/^\d+-/, '').replaceAll('%', '/');
    const beside = reader === 'options' ? undefined : MAKERS[reader]().find((each) => each.target === target);
    return { target, files: new Map([...(beside?.files ?? []), [target, readFileSync(file)]]) };
  });
}

/** The seeds of a reader, those on which it failed once included. */
export function seedsOf(reader: ReaderName): readonly Seed[] {
  return [...(reader === 'options' ? [] : MAKERS[reader]()), ...foundBy(reader)];
}
