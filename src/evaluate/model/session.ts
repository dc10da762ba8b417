/** A model that was understood, loaded into an engine: the file itself, or the network of the run that wrote it. */
import type { Engine, ModelSession, OnnxEngine } from '../../engine/engine.ts';
import { UserError } from '../../errors.ts';
import { inferenceGraph } from '../../models/export.ts';
import { createModel } from '../../models/registry.ts';
import type { AdaptedModel } from '../../onnx/adapt.ts';
import { decodeModel, encodeModel, type ModelProto } from '../../onnx/model.ts';
import { checkTensors, loadCheckpoint } from '../../run/checkpoint.ts';
import { openRun, runPaths } from '../../run/run.ts';
import type { ModelFile } from './model-file.ts';

/** A session, and what was changed so that the runtime takes the model, a line each. */
export interface LoadedModel {
  readonly session: ModelSession;
  readonly notes: readonly string[];
}

/**
 * @param adapted `proto`, with what stands between its own input and outputs and ours
 * @throws UserError when the engine cannot run it
 */
export async function loadSession(
  engine: Engine,
  source: ModelFile,
  { proto, adapted }: { readonly proto: ModelProto; readonly adapted: AdaptedModel },
): Promise<LoadedModel> {
  const same = adapted.model === proto;
  if (runsOnnx(engine)) {
    return loadFile(engine, same ? source.bytes : encodeModel(adapted.model), source.model.file);
  }
  const run = runOf(source);
  if (same) return { session: await loadRun(engine, run), notes: [] };
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

/**
 * Loads an ONNX model, of a lower IR version where the runtime does not know its own: what a later one adds to the format
 * is about other things than what a graph computes, and operators have versions of their own, which stay.
 *
 * @throws UserError when the runtime cannot load it
 */
export async function loadFile(engine: OnnxEngine, bytes: Uint8Array, file: string): Promise<LoadedModel> {
  const notes: string[] = [];
  try {
    try {
      return { session: await engine.loadModel(bytes), notes };
    } catch (error) {
      const highest = TOO_NEW.exec((error as Error).message);
      if (!highest) throw error;
      const proto = decodeModel(bytes, file);
      const irVersion = Number(highest[1]);
      notes.push(
        `ONNX IR version ${Number(proto.irVersion)} lowered to ${irVersion}, the highest of ONNX Runtime`,
      );
      return { session: await engine.loadModel(encodeModel({ ...proto, irVersion })), notes };
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const changed = notes.length > 0 ? ` (${notes[0]})` : '';
    throw new UserError(
      `${file}: ONNX Runtime cannot load this model on ${engine.device}: ${reason(error)}${changed}`,
    );
  }
}

/** What ONNX Runtime says of a file that is newer than itself. */
const TOO_NEW = /Unsupported model IR version: \d+, max supported IR version: (\d+)/i;

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
