/**
 * `pushpull` as a library: what the command line does, as functions. Everything here is typed and documented where it
 * is defined; files that are not re-exported here may change without notice.
 *
 * Train a push-pull network; the folder can be resumed, evaluated, exported and reported on:
 *
 * ```ts train
 * import { startRun } from 'pushpull-net';
 *
 * const { log } = await startRun(
 *   { data: 'mnist', width: 2, epochs: 1, limit: 64, stem: { kind: 'pushpull', avg: 3, alpha: 'trainable' } },
 *   { out: 'runs/pushpull', onEvent: (event) => event.kind === 'epoch' && console.log(event.record.test.top1) },
 * );
 * console.log(`test loss ${log.at(-1)?.test.loss}`);
 * ```
 *
 * Measure a run, or any ONNX image classifier, on corrupted images:
 *
 * ```ts evaluate
 * import { evaluate } from 'pushpull-net';
 *
 * const result = await evaluate({
 *   model: 'runs/pushpull',
 *   data: 'mnist',
 *   limit: 50,
 *   corruptions: ['gaussian_noise', 'fog'],
 *   severities: [1, 5],
 * });
 * console.log(result.metrics['error.clean'], result.errors.fog);
 * ```
 *
 * Corrupt one image; the same call gives the same pixels on every machine:
 *
 * ```ts corrupt
 * import { corrupt, createImage } from 'pushpull-net';
 *
 * const grey = createImage(64, 64);
 * grey.data.fill(128);
 * const snowy = corrupt(grey, { corruption: 'snow', severity: 3, set: 'imagenet', seed: 0, index: 0 });
 * console.log(snowy.data.subarray(0, 3));
 * ```
 *
 * The push-pull layer alone, run by ONNX Runtime:
 *
 * ```ts layer
 * import { createEngine, exportModule, float32, initialWeights, PushPullConv2d } from 'pushpull-net';
 *
 * const layer = new PushPullConv2d(3, 8, 3, { padding: 1, avg: 3, alpha: 0.5 });
 * const engine = await createEngine({ device: 'cpu' });
 * const model = await engine.loadModel(exportModule(layer, initialWeights(layer, 0), [1, 3, 32, 32]));
 * const { y } = await model.run({ x: float32(new Float32Array(3 * 32 * 32).fill(1), [1, 3, 32, 32]) });
 * console.log(y.shape);
 * await engine.close();
 * ```
 *
 * @module
 */
export { type ClassErrors, type Confusion, classErrors, confusions } from './analyze/class-errors.ts';
export { analyzeEdge, EDGE, type EdgeAnalysis, type EdgeSettings, type Snr } from './analyze/edge.ts';
export { disagreements, type Failure, surestMistakes } from './analyze/failures.ts';
export type { FirstLayerKernels, FirstLayerOptions } from './analyze/first-layer.ts';

export { type InspectionSummary, type LayerInspection, summarizeInspection } from './analyze/inspection.ts';
export { type PushPullKernels, pullKernels, readKernels } from './analyze/kernels.ts';
export { type Inhibition, type LayerSpectra, layerSpectra, radialProfile } from './analyze/spectrum.ts';

export {
  AUGMENTATIONS,
  type AugmentationName,
  type AugmentationRequest,
  augment,
} from './augment/augment.ts';
export * from './corrupt/index.ts';
export { type ClassSelection, parseClassList } from './data/class-selection.ts';

export type { Dataset, DatasetSource, Split } from './data/contents.ts';
export type { OpenOptions } from './data/dataset.ts';
export { type Batch, LoaderPool } from './data/loader/loader.ts';
export type { Limits } from './data/pictures/limits.ts';

export type { Transform } from './data/transform.ts';

export {
  DEVICES,
  type Device,
  ENGINES,
  type Engine,
  type EngineName,
  type EngineOptions,
  type ModelSession,
  type OnnxEngine,
  PRECISIONS,
  type Precision,
  type TensorSpec,
} from './engine/engine.ts';
export { UserError } from './errors.ts';
export { type Answers, isAnswered } from './evaluate/grid/answers.ts';
export type { EvaluateOptions, EvaluationEvent } from './evaluate/options.ts';
export type { MetricOptions } from './evaluate/result/metrics.ts';
export { type Predictions, predictionsPath, readPredictions } from './evaluate/result/predictions.ts';
export { readResult, validateResult } from './evaluate/result/result.ts';
export type { Metrics, Result } from './evaluate/result/schema.ts';
export type { RetrofitOutcome, RetrofitRequest } from './evaluate/retrofit/request.ts';

export type { BootstrapOptions, ErrorIntervals, Interval } from './evaluate/statistics/bootstrap.ts';
export {
  calibrationOf,
  expectedCalibrationError,
  type ReliabilityBin,
  reliability,
} from './evaluate/statistics/calibration.ts';
export type { ResultComparison } from './evaluate/statistics/compare-results.ts';
export { type ImageErrors, imageErrors } from './evaluate/statistics/image-errors.ts';
export { holmAdjusted, mcnemarTest, signFlipTest } from './evaluate/statistics/paired-tests.ts';
export type { Significance } from './evaluate/statistics/significance.ts';
export type { ModelPreview, PreviewedAnswer } from './evaluate/subject.ts';

export type { ExperimentOptions, ExperimentPlan, PlannedRun } from './experiment/plan.ts';
export type { Experiment } from './experiment/read.ts';

export type { ExperimentEvent, ExperimentResult, ExperimentSession } from './experiment/run.ts';
export { parseScale, type Scale } from './experiment/scale.ts';

export type { RunState } from './experiment/state.ts';
export { gradients } from './graph/autodiff.ts';

export * as functional from './graph/functional.ts';
export { Graph, printGraph } from './graph/graph.ts';
export { type DType, float32, floats, int32, type Shape, type Tensor } from './graph/tensor.ts';

export type { Value } from './graph/value.ts';
export { createImage, type Image } from './image/image.ts';
export {
  bootstrapErrors,
  buildReport,
  compareErrors,
  compareResults,
  computeMetrics,
  corrupt,
  createEngine,
  DataLoader,
  evaluate,
  inspectLayer,
  inspectModel,
  makeSampleStrip,
  openDataset,
  paperTable,
  planExperiment,
  previewModel,
  readFirstLayer,
  resumeRun,
  resumeSearch,
  retrofitModel,
  rowsOfResults,
  runExperiment,
  setLimits,
  settleNetwork,
  startRun,
  startSearch,
  terminalTable,
  writeComparisonFigures,
} from './library/functions.ts';
export {
  findEvidence,
  findFailures,
  findPredictions,
  findRun,
  findSamples,
  openWeights,
  readExperiment,
  readTensors,
  saveTable,
  shippedExperiments,
  writeTable,
} from './library/readers.ts';
export { type ModelCard, type Preprocessing, readModelCard } from './models/card.ts';

export {
  type Antialias,
  type BatchNormConfig,
  type Form,
  type ModelConfig,
  type StemConfig,
  variantName,
} from './models/config.ts';
export { countMultiplyAdds, type ImageSize } from './models/cost.ts';
export { exportModel } from './models/export.ts';
export { exportModule } from './models/module.ts';
export { createModel, type ImageModel, MODELS, type ModelEntry } from './models/registry.ts';

export * from './nn/index.ts';
export { decodeModel, encodeModel, type ModelProto } from './onnx/model.ts';
export { type RetrofitOptions, retrofit } from './onnx/retrofit.ts';
export { type Random, randomStream } from './random/random.ts';
export type { ReportFiles, ReportOptions } from './report/build.ts';

export type { RunEvidence } from './report/comparison.ts';

export type { Evidence } from './report/evidence/evidence.ts';
export type { FailureGroup } from './report/evidence/failures.ts';
export type { SampleStrip } from './report/evidence/samples.ts';
export type { ComparisonFigureOptions, ComparisonFigureOutcome } from './report/paper/comparison.ts';
export type { FigureFormat, ModelFigure } from './report/paper/figure.tsx';
export type { InspectOptions, InspectOutcome } from './report/paper/inspect.ts';
export type { PaperTableOptions } from './report/tables/build-table.ts';
export { paperTableText } from './report/tables/formats/terminal.ts';
export type { TableFormat } from './report/tables/formats/write.ts';
export type { RowOptions, TableRow } from './report/tables/rows.ts';
export type { PaperTable, TableNumber } from './report/tables/table.ts';
export { PRESETS, type PresetName, type RunConfig } from './run/config.ts';

export type { EpochRecord } from './run/history.ts';
export { isRun, openRun, type Run } from './run/run.ts';
export { OneCycle } from './run/schedule.ts';
export { decodeSafetensors, encodeSafetensors, readSafetensors } from './tensor-files/safetensors.ts';
export type { TensorFile } from './tensor-files/tensor-file.ts';
export type { TrainingRequest } from './train/request.ts';
export type {
  SearchChanges,
  SearchEvent,
  SearchRequest,
  SearchResult,
  SearchSession,
} from './train/search/search.ts';
export type { RunChanges, SessionOptions } from './train/start.ts';
export { TrainingStep } from './train/step/step.ts';

export type { TrainingEvent, TrainResult } from './train/training.ts';
export { loadWeights } from './weights/load.ts';
export { type EncodedWeights, encodeWeights } from './weights/save.ts';
export type { AskedNetwork, SettledNetwork } from './weights/settle.ts';
export type { WeightsSource } from './weights/source.ts';
