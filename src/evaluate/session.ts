/** A model that was understood, loaded into an engine: the file itself, or the network of the run that wrote it. */
import type { Engine, ModelSession, OnnxEngine } from '../engine/engine.ts';
import { UserError } from '../errors.ts';
import { inferenceGraph } from '../models/export.ts';
import { createModel } from '../models/registry.ts';
import type { AdaptedModel } from '../onnx/adapt.ts';
import { encodeModel, type ModelProto } from '../onnx/model.ts';
import { checkTensors, loadCheckpoint } from '../train/checkpoint.ts';
import { openRun, runPaths } from '../train/run.ts';
import type { ModelFile } from './model.ts';

/**
 * @param adapted `proto`, with what stands between its own input and outputs and ours
 * @throws UserError when the engine cannot run it
 */
export async function loadSession(
  engine: Engine,
  source: ModelFile,
  { proto, adapted }: { readonly proto: ModelProto; readonly adapted: AdaptedModel },
): Promise<ModelSession> {
  const same = adapted.model === proto;
  if (runsOnnx(engine)) return loadFile(engine, same ? source.bytes : encodeModel(adapted.model), source);
  const run = runOf(source);
  if (same) return loadRun(engine, run);
  throw new UserError(
    `${run}: expected the channels of the run's network with --engine torch, found others; leave --channels out`,
  );
}

/**
 * Where the network of a model is described in a way that any engine takes.
 *
 * @throws UserError when there is only its ONNX file
 */
export function runOf({ run, model }: ModelFile): string {
  if (run !== undefined) return run;
  throw new UserError(
    `${model.file}: expected the folder of a run with --engine torch, found an ONNX file, which ONNX Runtime runs; ` +
      "leave --engine out, or give the run's folder",
  );
}

function runsOnnx(engine: Engine): engine is OnnxEngine {
  return engine.name === 'onnxruntime';
}

async function loadFile(engine: OnnxEngine, bytes: Uint8Array, { model }: ModelFile): Promise<ModelSession> {
  try {
    return await engine.loadModel(bytes);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${model.file}: ONNX Runtime cannot load this model on ${engine.device}: ${reason(error)}`,
    );
  }
}

/** The network whose deployed form is the run's `model.onnx`, from the checkpoint that this was written from. */
async function loadRun(engine: Engine, folder: string): Promise<ModelSession> {
  const { config } = await openRun(folder);
  const { checkpoint } = runPaths(folder);
  const { weights, state } = await loadCheckpoint(checkpoint);
  if (state.position.epoch !== config.recipe.epochs) {
    throw new UserError(
      `${checkpoint}: expected the weights of model.onnx, after epoch ${config.recipe.epochs}, found those of epoch ` +
        `${state.position.epoch}; continue the run with --resume, or leave --engine out`,
    );
  }
  const model = createModel(config.model, config.seed);
  checkTensors(model.parameters, weights, checkpoint);
  const build = inferenceGraph(model, weights, config.preprocessing);
  return engine.loadNetwork(build, { name: config.model.model });
}

const LONGEST_REASON = 240;

/** The first line of what the runtime says, without the places in its sources. */
export function reason(error: unknown): string {
  const [line] = (error as Error).message.trim().split(/\r?\n/);
  const told = line.replace(/\S+\.(?:cc|h):\d+ [^(]*\([^)]*\) ?/g, '').trim();
  return told.length > LONGEST_REASON ? `${told.slice(0, LONGEST_REASON)}…` : told;
}
