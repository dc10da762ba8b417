import { createRequire } from 'node:module';
import { arch, cpus, platform } from 'node:os';
import type { Engine } from '../../engine/engine.ts';
import { chooseBuild } from '../../engine/node/onnx/choice.ts';
import type { EngineChoice } from '../../engine/options.ts';
import type { ResultEnvironment } from './schema.ts';

const require = createRequire(import.meta.url);

/** Versions, device and machine behind a result, with the clock started now. */
export function describeEnvironment(
  engine: Pick<Engine, 'name' | 'version' | 'device' | 'threads' | 'precision'>,
  { tf32 }: EngineChoice,
  workers: number,
): ResultEnvironment {
  return {
    pushpull: (require('../../../package.json') as { version: string }).version,
    node: process.versions.node,
    onnxruntime: engine.name === 'torch' ? chooseBuild().version : engine.version,
    ...(engine.name === 'torch' && { torch: engine.version }),
    engine: engine.name,
    device: engine.device,
    precision: engine.precision,
    ...(tf32 && { tf32 }),
    threads: engine.threads,
    workers,
    cpu: cpus()[0]?.model.trim() || 'unknown',
    platform: `${platform()} ${arch()}`,
    date: new Date().toISOString(),
    seconds: 0,
  };
}
