import type { Engine, EngineOptions, OnnxEngine } from '../engine.ts';
import { type OnnxEngineOptions, OnnxRuntimeEngine } from './onnx/engine.ts';

export type { OnnxEngineOptions } from './onnx/engine.ts';

/**
 * Start what computes, beside the caller's thread, so that no run ever blocks it.
 *
 * @throws UserError where the device's provider is missing: with ONNX Runtime on the first graph
 */
export function createEngine(options: OnnxEngineOptions): Promise<OnnxEngine>;
export function createEngine(options: EngineOptions): Promise<Engine>;
export async function createEngine(options: EngineOptions | OnnxEngineOptions): Promise<Engine> {
  if (options.engine === 'torch') throw new Error('internal: not yet');
  return new OnnxRuntimeEngine(options as OnnxEngineOptions);
}
