import type { Engine, EngineName, EngineOptions } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';

/** The engine that this run of the tests is about: vitest.config.ts runs some of them on each. */
export const ENGINE_UNDER_TEST = (process.env.PUSHPULL_TEST_ENGINE ?? 'onnxruntime') as EngineName;

/** That engine on the CPU. */
export function testEngine(options: Partial<EngineOptions> = {}): Promise<Engine> {
  return createEngine({ device: 'cpu', threads: 1, engine: ENGINE_UNDER_TEST, ...options });
}

/** The devices whose form of a graph is tried on the CPU: ONNX is written otherwise for WebGPU, by rule the same numbers. */
export const FORMS: readonly ('cpu' | 'webgpu')[] =
  ENGINE_UNDER_TEST === 'onnxruntime' ? ['cpu', 'webgpu'] : ['cpu'];
