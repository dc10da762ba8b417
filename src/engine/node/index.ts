import type { Engine, EngineOptions, OnnxEngine } from '../engine.ts';
import { type OnnxEngineOptions, OnnxRuntimeEngine } from './onnx/engine.ts';
import { TorchEngine } from './torch/engine.ts';

export type { OnnxEngineOptions } from './onnx/engine.ts';
export { DEFAULT_MODEL_MEMORY, DEFAULT_MODEL_SECONDS, gigabytes, modelLimits } from './onnx/limits.ts';

/**
 * Start what computes, beside the caller's thread, so that no run ever blocks it.
 *
 * @throws UserError where the device's provider is missing (with ONNX Runtime on the first graph), or libtorch is
 */
export function createEngine(options: OnnxEngineOptions): Promise<OnnxEngine>;
export function createEngine(options: EngineOptions): Promise<Engine>;
export async function createEngine(options: EngineOptions | OnnxEngineOptions): Promise<Engine> {
  if (options.engine === 'torch') return TorchEngine.start(options);
  return new OnnxRuntimeEngine(options as OnnxEngineOptions);
}
