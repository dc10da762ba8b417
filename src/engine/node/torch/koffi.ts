/**
 * koffi's native module, straight from the package of this platform. The package `koffi` around it only looks for that,
 * and brings its C++ sources and an install script, which npm and pnpm warn about or refuse.
 */
import { createRequire } from 'node:module';
import { UserError } from '../../../errors.ts';

type Koffi = typeof import('koffi').default;

let native: Koffi | undefined;

/** @throws UserError when there is none for this platform, or it was not installed */
export function koffi(): Koffi {
  native ??= load();
  return native;
}

function load(): Koffi {
  const name = `@koromix/koffi-${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url)(name) as Koffi;
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new UserError(
      `--engine torch: expected the package ${name}, it cannot be loaded (${reason}). Install again without ` +
        '--omit=optional (it exists for Linux, macOS and Windows on x64 and arm64), or use --engine onnxruntime.',
    );
  }
}

export type Native = (...args: unknown[]) => number;
