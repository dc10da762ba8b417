/** How much of the machine a model of somebody else's is given. */
import { freemem, platform, totalmem } from 'node:os';
import type { ModelLimits } from '../../engine.ts';

export const DEFAULT_MODEL_SECONDS = 120;
/** Share of the memory that is free. */
export const DEFAULT_MODEL_MEMORY = 0.8;

/**
 * The limits that were asked for, and the usual ones in place of those that were not.
 *
 * @param model how messages name it
 */
export function modelLimits(
  model: string,
  { seconds = DEFAULT_MODEL_SECONDS, gigabytes }: { readonly seconds?: number; readonly gigabytes?: number },
): ModelLimits {
  return {
    model,
    seconds,
    bytes: gigabytes === undefined ? freeMemory() * DEFAULT_MODEL_MEMORY : gigabytes * 1e9,
  };
}

/** Bytes that a process can take, as far as the system tells. */
function freeMemory(): number {
  // What macOS calls free leaves out all that it would give up for others.
  const free = platform() === 'darwin' ? Math.max(freemem(), totalmem() / 2) : freemem();
  const { availableMemory } = process as { availableMemory?: () => number };
  // A container may have less.
  return Math.min(free, availableMemory?.call(process) || free);
}

/** `3.2 GB`, of bytes. */
export function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.max(1, Math.round(bytes / 1e6))} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
