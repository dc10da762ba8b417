/** What is fuzzed: every reader of files that users give, called as the commands call it. */
import path from 'node:path';
import { parseClassList } from '../../src/data/class-selection.ts';
import { parseManifest } from '../../src/data/corrupted/manifest.ts';
import { openDataset } from '../../src/data/dataset.ts';
import { readMat } from '../../src/data/imagenet/mat-file.ts';
import { readNpy } from '../../src/data/npy/npy.ts';
import { decodeImage } from '../../src/data/pictures/decode.ts';
import { readImageFile } from '../../src/data/pictures/picture-file.ts';
import type { OnnxEngine } from '../../src/engine/engine.ts';
import { UserError } from '../../src/errors.ts';
import { readLabelFile } from '../../src/evaluate/model/labels/output-names.ts';
import { openModel, readModelFile } from '../../src/evaluate/model/model.ts';
import { readPredictions } from '../../src/evaluate/result/predictions.ts';
import { readResult } from '../../src/evaluate/result/result.ts';
import { readExperiment } from '../../src/experiment/read.ts';
import { readFile } from '../../src/files/fs.ts';
import { findFirstLayer } from '../../src/onnx/first-layer.ts';
import { decodeModel } from '../../src/onnx/model.ts';
import { retrofit } from '../../src/onnx/retrofit.ts';
import { loadCheckpoint } from '../../src/run/checkpoint.ts';
import { openRun } from '../../src/run/run.ts';
import { readResults } from '../../src/train/search/results.ts';
import { readSearch } from '../../src/train/search/settings.ts';
import { openWeights } from '../../src/weights/source.ts';
import { tryOptions } from './options.ts';

/** @param file the changed one; its folder holds what belongs to it */
type Read = (file: string, cacheDir: string) => Promise<void>;

/** Goes on where a file is refused properly, so that what follows is reached too. */
async function refusable(reading: () => unknown): Promise<void> {
  try {
    await reading();
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

/** The documented error of images that cannot be decoded is a plain one, which the loader counts; kinds of it are defects. */
export function isRefusal(error: unknown): boolean {
  return error instanceof UserError || error instanceof BrokenImage;
}

class BrokenImage extends Error {}

async function image(decoding: Promise<unknown>): Promise<void> {
  await decoding.catch((error: unknown) => {
    if (error instanceof Error && error.constructor === Error) throw new BrokenImage(error.message);
    throw error;
  });
}

/** Images of a data set that are decoded. */
const DECODED = 12;

/** Both splits, and their first images. */
async function data(spec: string, cacheDir: string): Promise<void> {
  for (const split of ['test', 'train'] as const) {
    await refusable(async () => {
      const dataset = await openDataset(spec, split, { cacheDir });
      try {
        for (let index = 0; index < Math.min(DECODED, dataset.length); index++) {
          dataset.describe(index);
          if (!(dataset.label(index) >= 0 && dataset.label(index) < dataset.classes.length)) {
            throw new RangeError(`label ${dataset.label(index)} of ${dataset.classes.length} classes`);
          }
          await refusable(() => image(dataset.read(index)));
        }
      } finally {
        await dataset.close();
      }
    });
  }
}

const dataFile: Read = (file, cacheDir) => data(file, cacheDir);
const dataFolder: Read = (file, cacheDir) => data(path.dirname(file), cacheDir);

/** Has everything that comes before a model is loaded done, and loads none. */
const engine = {
  name: 'onnxruntime',
  device: 'cpu',
  threads: 1,
  precision: 'float32',
  limits: { model: 'the model', seconds: 1, bytes: 2 ** 30 },
  loadModel: () => Promise.reject(new UserError('it is not loaded here')),
} as unknown as OnnxEngine;

const READERS = {
  tar: dataFile,
  zip: dataFile,
  npy: async (file, cacheDir) => {
    await refusable(() => readNpy(file));
    if (path.basename(file) === 'images.npy' || path.basename(file) === 'labels.npy')
      await data(`npy:${path.dirname(file)}`, cacheDir);
  },
  mat: async (file) => {
    await refusable(async () => readMat(await readFile(file), file));
  },
  picture: async (file) => {
    const bytes = await readFile(file);
    await refusable(() => image(decodeImage(bytes)));
    await refusable(() => readImageFile(file));
  },
  safetensors: async (file) => {
    await refusable(() => openWeights(file));
  },
  pytorch: async (file) => {
    await refusable(() => openWeights(file));
  },
  onnx: async (file) => {
    const model = /\.onnx$/.test(file) ? file : path.join(path.dirname(file), 'model.onnx');
    const onnx = /\.data$/.test(file) ? file.slice(0, -'.data'.length) : model;
    await refusable(async () => {
      const source = await readModelFile(onnx);
      const proto = decodeModel(source.bytes, onnx);
      await refusable(() => openModel(engine, source));
      const told = {
        inputSize: { width: 8, height: 8 },
        mean: [0.5, 0.5, 0.5],
        std: [0.5, 0.5, 0.5],
      } as const;
      await refusable(() => openModel(engine, source, told));
      await refusable(() => findFirstLayer(proto, onnx));
      await refusable(() => retrofit(proto, { avg: 3, alpha: 1 }, onnx));
    });
  },
  result: async (file) => {
    await refusable(() => readResult(file));
  },
  predictions: async (file) => {
    await refusable(() => readPredictions(path.join(path.dirname(file), 'result.json')));
  },
  run: async (file) => {
    const [folder] = file.split(`${path.sep}checkpoints`);
    const run = path.extname(folder) === '' ? folder : path.dirname(folder);
    await refusable(() => openRun(run));
    await refusable(() => loadCheckpoint(path.join(run, 'checkpoints', 'last')));
  },
  search: async (file) => {
    await refusable(() => readSearch(path.dirname(file)));
    await refusable(() => readResults(path.dirname(file)));
  },
  manifest: async (file) => {
    await refusable(async () => parseManifest(await readFile(file, 'utf8'), file));
  },
  experiment: async (file) => {
    await refusable(() => readExperiment(file));
  },
  labels: dataFolder,
  parquet: dataFile,
  classes: async (file) => {
    await refusable(() => readLabelFile(file));
    await refusable(async () => parseClassList(await readFile(file, 'utf8'), file));
  },
  cifar: dataFolder,
  options: tryOptions,
} satisfies Readonly<Record<string, Read>>;

export type ReaderName = keyof typeof READERS;
export const READER_NAMES = Object.keys(READERS) as ReaderName[];

/** Read a file in every way that its kind is read; rejects with what is a defect. */
export async function readWith(reader: ReaderName, file: string, cacheDir: string): Promise<void> {
  await READERS[reader](file, cacheDir);
}
