import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, totalmem } from 'node:os';

/** What figures belong to. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly gigabytes: number;
  /** Instructions on which the speed of matrix products depends: which of them there are; undefined where unknown. */
  readonly features: Readonly<Record<string, boolean>> | undefined;
  readonly node: string;
  readonly onnxruntime: string;
  readonly date: string;
}

const FEATURES = {
  AVX2: 'avx2',
  'AVX-512': 'avx512f',
  'AVX512-BF16': 'avx512_bf16',
  AMX: 'amx_tile',
} as const;

/** Load average above which other work disturbs. */
const QUIET = 0.3;

export function describeMachine(): Machine {
  const require = createRequire(import.meta.url);
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: cpus().length,
    gigabytes: Math.round(totalmem() / 2 ** 30),
    features: features(),
    node: process.versions.node,
    onnxruntime: (require('onnxruntime-node/package.json') as { version: string }).version,
    date: new Date().toISOString(),
  };
}

function features(): Machine['features'] {
  try {
    const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' '));
    if (flags.size === 0) return undefined;
    return Object.fromEntries(Object.entries(FEATURES).map(([name, flag]) => [name, flags.has(flag)]));
  } catch {
    return undefined;
  }
}

export const load = (): number => loadavg()[0];

/** Undefined where nothing else seems to run. */
export function busyNote(before: number): string | undefined {
  if (before <= QUIET) return undefined;
  return (
    `THE MACHINE IS BUSY: load average ${before.toFixed(2)} before the first turn, above ${QUIET}. ` +
    'These figures are not good. Stop the other work, wait a minute, and measure again.'
  );
}

export function machineLine(
  machine: Machine,
  about: readonly string[],
  loads: readonly [number, number],
): string {
  const { cpu, cores, gigabytes, features, node, onnxruntime, date } = machine;
  const has = Object.entries(features ?? {}).map(([name, there]) => `${there ? '' : 'no '}${name}`);
  return [
    `${cpu}, ${cores} cores, ${gigabytes} GB`,
    ...(has.length > 0 ? [has.join(', ')] : []),
    `load average ${loads[0].toFixed(2)} before, ${loads[1].toFixed(2)} after`,
    `Node ${node}, ONNX Runtime ${onnxruntime}`,
    ...about,
    date.slice(0, 16).replace('T', ' '),
  ].join('; ');
}
