import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  buildReport,
  computeMetrics,
  corrupt,
  createEngine,
  createImage,
  DataLoader,
  evaluate,
  inspectModel,
  openDataset,
  previewModel,
  retrofitModel,
  runExperiment,
  setLimits,
  startRun,
  startSearch,
  UserError,
} from '../../src/index.ts';
import { withOptionNames } from '../../src/library/flags.ts';
import { nearest } from '../../src/library/nearest.ts';

const NOWHERE = '/nowhere/at/all';
const model = { model: NOWHERE, data: NOWHERE };
// What a caller without types may pass.
const any = (value: unknown) => value as never;

describe('wrong options of the library are refused before any work', () => {
  it.each<[string, () => unknown]>([
    [
      'evaluate: batchsize: no such option; did you mean batchSize?',
      () => evaluate(any({ ...model, batchsize: 8 })),
    ],
    ['evaluate: options: expected an object of options, found nothing', () => evaluate(any(undefined))],
    ['evaluate: model: expected a text, found nothing', () => evaluate(any({ data: 'mnist' }))],
    [
      'evaluate: batchSize: expected a whole number from 1 to 65536, found "64"',
      () => evaluate(any({ ...model, batchSize: '64' })),
    ],
    [
      'evaluate: threads: expected a whole number from 1 to 1024, found NaN',
      () => evaluate({ ...model, threads: NaN }),
    ],
    [
      'evaluate: device: expected cpu, webgpu or cuda (cuda?), found "cude"',
      () => evaluate(any({ ...model, device: 'cude' })),
    ],
    ['evaluate: corruptions[1]: expected ', () => evaluate(any({ ...model, corruptions: ['fog', 'fogg'] }))],
    [
      'evaluate: severities[0]: expected a severity from 1 to 5, found 6',
      () => evaluate(any({ ...model, severities: [6] })),
    ],
    [
      'evaluate: preprocessing.inputsize: no such option; did you mean inputSize?',
      () => evaluate(any({ ...model, preprocessing: { inputsize: { width: 8, height: 8 } } })),
    ],
    [
      'evaluate: preprocessing.std: expected three numbers above 0, found [1,1]',
      () => evaluate(any({ ...model, preprocessing: { std: [1, 1] } })),
    ],
    ['evaluate: onEvent: expected a function, found true', () => evaluate(any({ ...model, onEvent: true }))],
    ['evaluate: signal: expected an AbortSignal, found {}', () => evaluate(any({ ...model, signal: {} }))],
    [
      'previewModel: limit: expected a whole number, 1 or more, found 0',
      () => previewModel({ ...model, limit: 0 }),
    ],
    [
      'retrofitModel: avg: expected an odd number, or 0, found 2',
      () => retrofitModel({ model: NOWHERE, out: NOWHERE, avg: 2, alpha: 1 }),
    ],
    [
      'startRun: epocs: no such option; did you mean epochs?',
      () => startRun(any({ data: 'mnist', epocs: 2 }), { out: NOWHERE }),
    ],
    ['startRun: out: expected a text, found nothing', () => startRun({ data: 'mnist' }, any({}))],
    [
      'startRun: stem.alpha: expected \'trainable\' or a number, found "learned"',
      () =>
        startRun(any({ data: 'mnist', stem: { kind: 'pushpull', avg: 3, alpha: 'learned' } }), {
          out: NOWHERE,
        }),
    ],
    [
      'startRun: validation: expected a number between 0 and 1, found 10',
      () => startRun({ data: 'mnist', validation: 10 }, { out: NOWHERE }),
    ],
    [
      'startSearch: training.maxRate: no such option',
      () => startSearch(any({ training: { data: 'mnist', maxRate: 1 } }), { out: NOWHERE }),
    ],
    [
      'runExperiment: seeds[0].seeds: expected a list of seeds, found 3',
      () => runExperiment(any({ experiment: 'table1-cifar10', out: NOWHERE, seeds: [{ seeds: 3 }] })),
    ],
    ['openDataset: split: expected train or test, found "val"', () => openDataset('mnist', any('val'))],
    [
      'openDataset: limit: expected a whole number, 1 or more, found -1',
      () => openDataset('mnist', 'test', { limit: -1 }),
    ],
    ['createEngine: device: expected cpu, webgpu or cuda, found nothing', () => createEngine(any({}))],
    [
      'corrupt: severity: expected a severity from 1 to 5, found 0',
      () =>
        corrupt(
          createImage(32, 32),
          any({ corruption: 'fog', severity: 0, set: 'cifar', seed: 0, index: 0 }),
        ),
    ],
    ['setLimits: maxPixel: no such option; did you mean maxPixels?', () => setLimits(any({ maxPixel: 1 }))],
    [
      'computeMetrics: base: no such option; there are alexnet, baseline',
      () => computeMetrics(any({}), any({ base: {} })),
    ],
    ['buildReport: out: expected a text, found nothing', () => buildReport([], any({}))],
    [
      'inspectModel: figures[0]: expected a figure: 3, 4, 5, 6 or 9, found 7',
      () => inspectModel(NOWHERE, any({ out: NOWHERE, figures: [7] })),
    ],
    ['new DataLoader: dataset: expected a data set, found nothing', () => new DataLoader(any({}))],
  ])('%s', async (message, call) => {
    const failed = (async () => call())();
    await expect(failed).rejects.toBeInstanceOf(UserError);
    await expect(failed).rejects.toThrow(message);
    expect(existsSync(NOWHERE)).toBe(false);
  });
});

describe('errors from below', () => {
  it('name options where the command line has flags', async () => {
    await expect(evaluate({ ...model, tf32: true })).rejects.toThrow(
      /^tf32: expected engine torch with it, found onnxruntime; add engine torch, or give tf32: false$/,
    );
  });

  it.each([
    ['--batch 7: give a smaller --batch', 'batchSize 7: give a smaller batchSize'],
    ['pass --resize 224 or --skip-bad', 'pass preprocessing.resize 224 or skipBad'],
    ['a--b and c --- d', 'a--b and c --- d'],
  ])('%s', (flags, options) => {
    expect(withOptionNames(flags, { resize: 'preprocessing.resize' })).toBe(options);
  });
});

it.each([
  ['batch_size', 'batchSize'],
  ['Severity', 'severities'],
  ['xyz', undefined],
])('%s is meant for %s', (word, name) => {
  expect(nearest(word, ['batchSize', 'severities', 'seed'])).toBe(name);
});
