/**
 * Which build of ONNX Runtime computes: the native library of onnxruntime-node, or, where that is missing, the WebAssembly
 * that comes with this package. Told from files, as loading the library is for the engine's thread alone.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface OnnxBuild {
  readonly kind: 'native' | 'wasm';
  /** `1.30.0`, or `1.30.0 (WebAssembly)`: results keep it. */
  readonly version: string;
  /** Why it is not the native one, and what to do about it. */
  readonly missing?: { readonly why: string; readonly cure: string };
}

/** What onnxruntime-node's binaries for Linux are linked with. */
const GLIBC = [2, 28] as const;

const REQUIRED = 'PUSHPULL_ONNXRUNTIME';

/** As `PUSHPULL_ONNXRUNTIME` says (`native` or `wasm`), else what is there. */
export function chooseBuild(): OnnxBuild {
  const asked = process.env[REQUIRED];
  if (asked === 'wasm') return wasm(`${REQUIRED}=wasm asks for it`, `unset ${REQUIRED}`);
  const missing = findMissing();
  if (missing && asked !== 'native') return wasm(missing.why, missing.cure);
  return { kind: 'native', version: nativePackage()?.version ?? pinned() };
}

function wasm(why: string, cure: string): OnnxBuild {
  return { kind: 'wasm', version: `${pinned()} (WebAssembly)`, missing: { why, cure } };
}

/** What keeps the native library from being used; undefined where nothing does. */
function findMissing(): OnnxBuild['missing'] {
  const found = nativePackage();
  const place = `${process.platform} ${process.arch}`;
  if (!found) {
    return {
      why: 'the package onnxruntime-node is not installed: its install script failed, or optional packages were left out',
      // With this setting its script fetches nothing; the binaries for the CPU are in the package.
      cure: `ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@${pinned()}`,
    };
  }
  const binding = join(
    found.folder,
    'bin',
    'napi-v6',
    process.platform,
    process.arch,
    'onnxruntime_binding.node',
  );
  if (!existsSync(binding)) {
    return {
      why: `onnxruntime-node has no binary for ${place}`,
      cure: 'it exists for Linux and Windows on x64 and arm64, and for macOS on arm64',
    };
  }
  const libc = process.platform === 'linux' ? glibcVersion() : GLIBC;
  if (libc && (libc[0] > GLIBC[0] || (libc[0] === GLIBC[0] && libc[1] >= GLIBC[1]))) return undefined;
  return {
    why: `onnxruntime-node needs glibc ${GLIBC.join('.')} or later, found ${libc ? libc.join('.') : 'another C library'}`,
    cure: 'use a Linux with glibc, such as Debian, Ubuntu or Fedora, in place of Alpine or an old release',
  };
}

function nativePackage(): { readonly folder: string; readonly version: string } | undefined {
  const require = createRequire(import.meta.url);
  try {
    const file = require.resolve('onnxruntime-node/package.json');
    return { folder: dirname(file), version: (require(file) as { version: string }).version };
  } catch {
    return undefined;
  }
}

/** The release that this package is made for. */
function pinned(): string {
  const own = createRequire(import.meta.url)('../../../../package.json') as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return own.dependencies['onnxruntime-common'];
}

/** Undefined with another C library, such as Alpine's musl. */
function glibcVersion(): readonly [number, number] | undefined {
  const report = process.report as { excludeNetwork?: boolean; getReport(): unknown };
  // Otherwise every network interface is asked for its names.
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
  const [major, minor] = header.glibcVersionRuntime?.split('.').map(Number) ?? [];
  return major === undefined ? undefined : [major, minor];
}
