import { createRequire } from 'node:module';
import { arch, cpus, platform } from 'node:os';
import type { Engine } from '../engine/engine.ts';
import type { ResultEnvironment } from './result.ts';

const require = createRequire(import.meta.url);

/** Versions, device and machine behind a result, with the clock started now. */
export function describeEnvironment(
  engine: Pick<Engine, 'device' | 'threads'>,
  workers: number,
): ResultEnvironment {
  return {
    pushpull: (require('../../package.json') as { version: string }).version,
    node: process.versions.node,
    onnxruntime: (require('onnxruntime-node/package.json') as { version: string }).version,
    device: engine.device,
    threads: engine.threads,
    workers,
    cpu: cpus()[0]?.model.trim() || 'unknown',
    platform: `${platform()} ${arch()}`,
    date: new Date().toISOString(),
    seconds: 0,
  };
}
