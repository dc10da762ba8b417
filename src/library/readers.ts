/** Public functions without options whose code is loaded when they are first called; see where they are defined. */
import { later } from './check.ts';

/** See `report/evidence/evidence.ts`. What a report can add to its results. */
export const findEvidence: typeof import('../report/evidence/evidence.ts').findEvidence = later(
  'findEvidence',
  [],
  async () => (await import('../report/evidence/evidence.ts')).findEvidence,
);

/** See `report/evidence/evidence.ts`. Images that models get wrong. */
export const findFailures: typeof import('../report/evidence/evidence.ts').findFailures = later(
  'findFailures',
  [],
  async () => (await import('../report/evidence/evidence.ts')).findFailures,
);

/** See `report/evidence/evidence.ts`. A model's answers to single images, beside its result. */
export const findPredictions: typeof import('../report/evidence/evidence.ts').findPredictions = later(
  'findPredictions',
  [],
  async () => (await import('../report/evidence/evidence.ts')).findPredictions,
);

/** See `report/evidence/evidence.ts`. The run that a result is of. */
export const findRun: typeof import('../report/evidence/evidence.ts').findRun = later(
  'findRun',
  [],
  async () => (await import('../report/evidence/evidence.ts')).findRun,
);

/** See `report/evidence/evidence.ts`. One of the measured images under every corruption. */
export const findSamples: typeof import('../report/evidence/evidence.ts').findSamples = later(
  'findSamples',
  [],
  async () => (await import('../report/evidence/evidence.ts')).findSamples,
);

/** See `report/tables/formats/write.ts`. Writes a table in every format. */
export const saveTable: typeof import('../report/tables/formats/write.ts').saveTable = later(
  'saveTable',
  [],
  async () => (await import('../report/tables/formats/write.ts')).saveTable,
);

/** See `report/tables/formats/write.ts`. A table in one format. */
export const writeTable: typeof import('../report/tables/formats/write.ts').writeTable = later(
  'writeTable',
  [],
  async () => (await import('../report/tables/formats/write.ts')).writeTable,
);

/** See `weights/source.ts`. Weights of any origin. */
export const openWeights: typeof import('../weights/source.ts').openWeights = later(
  'openWeights',
  [],
  async () => (await import('../weights/source.ts')).openWeights,
);

/** See `tensor-files/tensor-file.ts`. The tensors of a file of any kind. */
export const readTensors: typeof import('../tensor-files/tensor-file.ts').readTensors = later(
  'readTensors',
  [],
  async () => (await import('../tensor-files/tensor-file.ts')).readTensors,
);

/** See `experiment/read.ts`. Reads an experiment file, or a shipped one. */
export const readExperiment: typeof import('../experiment/read.ts').readExperiment = later(
  'readExperiment',
  [],
  async () => (await import('../experiment/read.ts')).readExperiment,
);

/** See `experiment/read.ts`. Names of the experiments that come along. */
export const shippedExperiments: typeof import('../experiment/read.ts').shippedExperiments = later(
  'shippedExperiments',
  [],
  async () => (await import('../experiment/read.ts')).shippedExperiments,
);
