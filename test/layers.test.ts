import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** Bottom to top. A file may import from its own folder and from those before it. */
const LAYERS = [
  'errors.ts',
  'json.ts',
  'system-errors.ts',
  'words.ts',
  'random',
  'graph',
  'onnx',
  'torch',
  'engine',
  'nn',
  'models',
  'image',
  'augment',
  'corrupt',
  'files',
  'data',
  'tensor-files',
  'run',
  'weights',
  'train',
  'evaluate',
  'analyze',
  'report',
  'experiment',
  'library',
  'cli',
  'index.ts',
];

/** Layers that a browser can load: no Node module, no Node global. `engine/node` is the exception. */
const PORTABLE = LAYERS.slice(0, LAYERS.indexOf('files'));

interface Source {
  /** Path below src, with slashes. */
  readonly path: string;
  readonly layer: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => {
    const path = file.split(sep).join('/');
    const text = readFileSync(join(SRC, file), 'utf8');
    const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]);
    return { path, layer: path.split('/')[0], text, imports };
  });

/** Comments may name what code may not use. */
const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

/** What a file loads at once: other files of src by their paths, packages and modules of Node by their names. */
const eager = (path: string, seen = new Set<string>()): Set<string> => {
  if (seen.has(path)) return seen;
  seen.add(path);
  const statements = /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
  const { text } = sources.find((source) => source.path === path)!;
  for (const [, name] of withoutComments(text).matchAll(statements)) {
    if (name.startsWith('.')) eager(join(dirname(path), name).split(sep).join('/'), seen);
    else seen.add(name);
  }
  return seen;
};

describe('layers', () => {
  test('every folder has its place', () => {
    expect(sources.length).toBeGreaterThan(50);
    const unknown = new Set(sources.map(({ layer }) => layer).filter((layer) => !LAYERS.includes(layer)));
    expect([...unknown]).toEqual([]);
  });

  test('imports go down or stay in the folder', () => {
    const upward = sources.flatMap(({ path, layer, imports }) =>
      imports
        .filter((name) => name.startsWith('.'))
        .map((name) => relative(SRC, resolve(dirname(join(SRC, path)), name)).split(sep)[0])
        .filter((target) => target !== layer && LAYERS.indexOf(target) >= LAYERS.indexOf(layer))
        .map((target) => `${path} imports from ${target}`),
    );
    expect(upward).toEqual([]);
  });

  test('no two files import each other, not even by a third', () => {
    const targets = new Map(
      sources.map(({ path, imports }) => [
        path,
        imports.filter((name) => name.startsWith('.')).map((name) => normalize(join(dirname(path), name))),
      ]),
    );
    // What is left when files without imports among the rest are taken away again and again imports in circles.
    for (let before = -1; before !== targets.size; ) {
      before = targets.size;
      for (const [path, list] of targets)
        if (!list.some((target) => targets.has(target))) targets.delete(path);
    }
    expect([...targets.keys()]).toEqual([]);
  });

  test('a file can be held in the head, and a folder on one screen', () => {
    const lengthy = sources
      .filter(({ path }) => !path.endsWith('.wasm.ts'))
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > 350);
    expect(lengthy).toEqual([]);
    const files = new Map<string, number>();
    for (const { path } of sources) files.set(dirname(path), (files.get(dirname(path)) ?? 0) + 1);
    expect([...files].filter(([, count]) => count > 15)).toEqual([]);
  });

  test('what a browser loads uses nothing of Node', () => {
    const offenders = sources
      .filter(({ path, layer }) => PORTABLE.includes(layer) && !path.startsWith('engine/node/'))
      .flatMap(({ path, text, imports }) => [
        ...imports.filter((name) => name.startsWith('node:')).map((name) => `${path} imports ${name}`),
        ...imports.filter((name) => name.includes('engine/node')).map((name) => `${path} imports ${name}`),
        ...(/\b(Buffer\s*[.(]|process\s*\.|__dirname)/.test(withoutComments(text))
          ? [`${path} uses a Node global`]
          : []),
      ]);
    expect(offenders).toEqual([]);
  });

  test('components of pages load nothing of Node, so that a web page can have them', () => {
    const components = sources.filter(({ path }) => path.startsWith('report/components/'));
    const loaded = new Set(components.flatMap(({ path }) => [...eager(path)]));
    expect(loaded).toContain('report/components/table.tsx');
    expect(
      [...loaded].filter((name) => /^(node:|data\/|engine\/node|preact-render-to-string)/.test(name)),
    ).toEqual([]);
  });

  test('one module alone talks to ONNX Runtime, by what another one loads', () => {
    const talkers = sources.filter(({ text }) =>
      /'onnxruntime-(node|web|common)'/.test(withoutComments(text)),
    );
    expect(talkers.map(({ path }) => path).sort()).toEqual([
      'engine/node/onnx/choice.ts',
      'engine/node/onnx/ort.ts',
      'engine/node/onnx/runtime.ts',
    ]);
  });

  test('what only a few need is loaded when they need it: heavy packages, and those with native parts', () => {
    for (const entry of ['index.ts', 'cli/program.ts']) {
      const loaded = eager(entry);
      expect(loaded).toContain('corrupt/registry.ts');
      const heavy = /^(d3-|sharp|yaml|koffi|@koromix|@resvg|onnxruntime)/;
      expect([...loaded].filter((name) => heavy.test(name))).toEqual([]);
    }
  });

  test('one module alone talks to libtorch, by what another one loads', () => {
    const talkers = sources.filter(({ imports }) => imports.includes('koffi'));
    expect(talkers.map(({ path }) => path)).toEqual([
      'engine/node/torch/koffi.ts',
      'engine/node/torch/library.ts',
    ]);
  });
});
