/**
 * Retrofitting a finished classifier with push-pull: the surgery itself, the statistics of the new layer's responses,
 * and what both do to the error on clean images.
 */

import { availableParallelism } from 'node:os';
import { BadImages } from '../../data/bad-images.ts';
import type { Dataset } from '../../data/contents.ts';
import { openDataset } from '../../data/dataset.ts';
import { DataLoader, LoaderPool } from '../../data/loader/loader.ts';
import { checkLimits } from '../../engine/limits.ts';
import { createEngine } from '../../engine/node/index.ts';
import { UserError } from '../../errors.ts';
import { checkWritable, writeFileAtomic } from '../../files/files.ts';
import { stat, statIfThere } from '../../files/fs.ts';
import { fileLock, withLock } from '../../files/lock.ts';
import { CARD_KEY, type ModelCard } from '../../models/card.ts';
import { variantName } from '../../models/config.ts';
import { type FirstConvolution, findFirstConvolution } from '../../onnx/first-convolution.ts';
import { decodeModel, encodeModel, type ModelProto } from '../../onnx/model.ts';
import { type RetrofitOptions, retrofit } from '../../onnx/retrofit.ts';
import { examine } from '../doubts/examine.ts';
import { measureCells } from '../grid/measure.ts';
import { Progress } from '../grid/progress.ts';
import { badImagesFile } from '../images/left-out.ts';
import { sampleBatch } from '../images/samples.ts';
import { type DataSample, sampleData } from '../images/selection.ts';
import { openTestData, type TestData } from '../images/test-data.ts';
import { fittingGeometry } from '../model/assumed-geometry.ts';
import { openModel, readModelFile } from '../model/model.ts';
import { guardFor } from '../model/model-demands.ts';
import type { ModelFile } from '../model/model-file.ts';
import { imageTransforms } from '../model/preprocessing.ts';
import type { EvaluateOptions } from '../options.ts';
import type { RetrofitOutcome, RetrofitRequest, RetrofitStage } from './request.ts';
import { estimateResponses } from './retrofit-responses.ts';

const DEFAULT_IMAGES = 1000;
const DEFAULT_BATCH = 64;

/**
 * Replaces the first convolution of a model by push-pull with a fixed alpha and writes the model anew.
 *
 * With data, scale and shift of each filter's response are estimated on clean training images, such that it has the
 * mean and the standard deviation of the replaced convolution's response: what follows sees what it was trained on.
 *
 * @throws UserError when the model does not begin with a convolution on the image, when it and the data do not fit, or
 *   when the file would overwrite the model
 */
export async function retrofitModel(request: RetrofitRequest): Promise<RetrofitOutcome> {
  const { out, signal, batchSize, limit, seed, threads, workers } = request;
  checkLimits({ batchSize, limit, seed, threads, workers });
  return await withLock(fileLock(out), (stop) => replaceLayer({ ...request, signal: stop }), signal);
}

async function replaceLayer(request: RetrofitRequest): Promise<RetrofitOutcome> {
  const { out, avg, alpha } = request;
  const source = await readModelFile(request.model, request.preprocessing?.labels);
  await checkOut(out, source.path);
  const proto = decodeModel(source.bytes, source.path);
  checkCard(source);
  const convolution = findFirstConvolution(proto, source.path);
  const { name, weight, stride } = convolution;
  const layer = { name, kernels: weight.dims, stride };
  request.onEvent?.({ kind: 'start', model: source.model, layer });
  const notes: string[] = [];
  if (convolution.disjoint) {
    notes.push(
      `the windows of ${name} share no pixel (stride ${stride.join('×')}), as those of a patch embedding; ` +
        'push-pull is modelled for overlapping ones, and its pooling here mixes patches',
    );
  }
  const make = (options: Partial<RetrofitOptions>): Uint8Array =>
    encodeModel(withCard(retrofit(proto, { avg, alpha, ...options }, source.path), source.card, request));
  if (request.data === undefined) {
    const bytes = make({});
    await writeFileAtomic(out, bytes);
    return { model: source.model, layer, bytes: bytes.length, notes };
  }
  const { bytes, ...measured } = await measure(request.data, request, {
    source,
    proto,
    convolution,
    make,
    notes,
  });
  request.signal?.throwIfAborted();
  await writeFileAtomic(out, bytes);
  return { model: source.model, layer, bytes: bytes.length, measured, notes };
}

async function checkOut(out: string, model: string): Promise<void> {
  const [there, original] = await Promise.all([statIfThere(out), stat(model)]);
  if (there?.isDirectory()) {
    throw new UserError(`--out ${out}: expected the name of an ONNX file to write, found a folder`);
  }
  if (there && there.ino === original.ino && there.dev === original.dev) {
    throw new UserError(`--out ${out}: is the model itself; choose another name, so that the original stays`);
  }
  await checkWritable(out, 'file');
}

function checkCard({ card, path }: ModelFile): void {
  if (!card || card.model.stem.kind === 'conv') return;
  throw new UserError(
    `${path}: expected a network whose first layer is a plain convolution, found ${variantName(card.model)}; ` +
      'retrofit the one without',
  );
}

/** The card of one of our own networks, made true again. */
function withCard(
  proto: ModelProto,
  card: ModelCard | undefined,
  { avg, alpha }: RetrofitRequest,
): ModelProto {
  if (!card) return proto;
  const config = { ...card.model, stem: { kind: 'pushpull', avg, alpha } as const };
  const model = { ...config, variant: `${variantName(config)}, retrofitted` };
  const metadataProps = proto.metadataProps.map((entry) =>
    entry.key === CARD_KEY ? { key: CARD_KEY, value: JSON.stringify({ ...card, model }) } : entry,
  );
  return { ...proto, metadataProps };
}

interface Subject {
  readonly source: ModelFile;
  readonly proto: ModelProto;
  readonly convolution: FirstConvolution;
  readonly make: (options: Partial<RetrofitOptions>) => Uint8Array;
  readonly notes: string[];
}

type Measured = NonNullable<RetrofitOutcome['measured']> & { readonly bytes: Uint8Array };

async function measure(data: string, request: RetrofitRequest, subject: Subject): Promise<Measured> {
  const { source, make, notes } = subject;
  const { images = DEFAULT_IMAGES, limit, seed = 0, cacheDir } = request;
  const opened: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(resource: T): T => {
    opened.unshift(resource);
    return resource;
  };
  try {
    const options: EvaluateOptions = {
      ...{ model: request.model, data, corruptions: [], limit, seed, cacheDir },
      ...{ skipBad: request.skipBad, preprocessing: request.preprocessing },
    };
    const measured = keep(await openTestData(options, source.names));
    const test = cleanImages(measured, data);
    const clean = keep(await openCleanImages(data, { limit: images, seed, cacheDir }));
    const split = clean.source.split;
    notes.push(`${data} is read as: ${[test.reading.readAs, ...test.reading.notes].join('; ')}`);
    if (clean.reading.unsplit) {
      notes.push(
        'scale and shift are estimated on the images that are measured: nothing tells training images apart',
      );
    } else if (split === 'test') {
      notes.push(
        `${data} has no training images that can be used; scale and shift are estimated on test images instead`,
      );
    }
    const { device = 'cpu', threads } = request;
    const engine = keep(await createEngine({ device, threads, ...guardFor(source, request) }));
    const pool = keep(new LoaderPool(request.workers ?? availableParallelism()));
    const understood = await examine({ test: measured, engine, source, options });
    const original = keep(understood.opened);
    const { flags } = understood;
    const { reading } = understood.classifier.model;
    request.onEvent?.({ kind: 'read', reading });
    const found = fittingGeometry(
      await sampleBoth(test, clean),
      original.preprocessing,
      original.geometryTold,
    );
    const { preprocessing, assumed } = found;
    if (assumed !== undefined) notes.push(`assumed: ${assumed}`);
    const sample = await sampleBatch(test, preprocessing);

    const progress = new Progress(1, 0, clean.length + 3 * test.length);
    const advance = (stage: RetrofitStage, count: number): void => {
      request.signal?.throwIfAborted();
      request.onEvent?.({ ...progress.advance('clean', count), kind: 'progress', stage });
    };
    const file = badImagesFile(request.out);
    const bad = new BadImages({
      ...{ file, images: test.length + clean.length, limit: request.maxBad, data },
    });
    const open = (dataset: Dataset, batchSize: number) =>
      bad.watch(
        new DataLoader({
          dataset,
          batchSize,
          shuffle: false,
          seed,
          epoch: 0,
          transforms: imageTransforms(preprocessing),
          pool,
          onBadImage: request.skipBad ? 'skip' : 'fail',
        }),
      );
    const batchSize = request.batchSize ?? DEFAULT_BATCH;
    const errorOf = async (stage: RetrofitStage, bytes: Uint8Array) => {
      const classifier =
        stage === 'original'
          ? understood.classifier
          : await keep(await openModel(engine, { ...source, bytes }, flags)).classifier(test.classes, sample);
      const cells = measureCells({
        cells: ['clean'],
        open: () => open(test, batchSize),
        classify: (batch) => classifier.classify(batch),
        classes: classifier.classes,
        batches: Math.ceil(test.length / batchSize),
        ahead: 0,
        signal: request.signal,
        onBatch: (_, count) => advance(stage, count),
      });
      for await (const { top1, images: counted } of cells) return { top1, counted };
      throw new Error('internal: the clean images were not measured');
    };

    const before = await errorOf('original', source.bytes);
    const responses = { ...subject, preprocessing, file: source.path };
    const matching = await estimateResponses(engine, responses, request, {
      open: (largest) => open(clean, Math.min(batchSize, largest)),
      onBatch: (count) => advance('estimating', count),
    });
    const { scale, shift, unscaled } = matching;
    if (unscaled > 0) notes.push(`${unscaled} of ${scale.length} filters hardly respond and were not scaled`);
    const estimatedOn = { data: clean.displayName, split, images: clean.length, seed };
    const bytes = make({ scale, shift, estimatedOn });
    const after = await errorOf('retrofitted', bytes);
    const plain = await errorOf('not re-estimated', make({}));
    await bad.save();
    return {
      bytes,
      data: test.displayName,
      ...{ flags, reading },
      estimatedOn,
      scale: [Math.min(...scale), Math.max(...scale)],
      errors: {
        original: before.top1,
        retrofitted: after.top1,
        notReestimated: plain.top1,
        images: before.counted,
      },
      badImages: { images: bad.list, file },
    };
  } finally {
    for (const resource of opened) await resource.close();
  }
}

/** A corrupted set has none. */
function cleanImages({ clean }: TestData, data: string): Dataset {
  if (clean) return clean;
  throw new UserError(
    `--data ${data}: expected clean images to fit the layer on and to measure on, found a corrupted set; give the clean images`,
  );
}

/** What tells the size of the images, of those that are measured and of those that are estimated on. */
async function sampleBoth(test: Dataset, clean: Dataset): Promise<DataSample> {
  const [first, second] = [await sampleData(test), await sampleData(clean)];
  return { fingerprint: first.fingerprint, images: [...first.images, ...second.images] };
}

/** A selection of training images; of test images where the data has no others. */
async function openCleanImages(data: string, options: Parameters<typeof openDataset>[2]): Promise<Dataset> {
  try {
    return await openDataset(data, 'train', options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return await openDataset(data, 'test', options);
  }
}
