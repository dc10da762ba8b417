/** Where a model's file and its weights are found, and what is said of files that are none. */
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnnxEngine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { UserError } from '../../src/errors.ts';
import { openModel, readModelFile } from '../../src/evaluate/model/model.ts';
import { encodeModel, type ModelProto, type TensorProto } from '../../src/onnx/model.ts';
import { ATTRIBUTE_TYPE, ELEMENT_TYPE } from '../../src/onnx/schema.ts';
import { storedTensors } from '../../src/onnx/tensors.ts';
import { GraphBuilder } from '../onnx/image-models.ts';
import { tinyModel } from './tiny-model.ts';

const CLASSES = ['cat', 'dog', 'emu'];
const PLAIN = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
/** One image, whose channels have the values 1, 2 and 3. */
const IMAGE = { images: Float32Array.from({ length: 192 }, (_, i) => 1 + Math.floor(i / 64)), count: 1 };

let engine: OnnxEngine;
let folder: string;
let places = 0;
beforeAll(async () => {
  engine = await createEngine({ device: 'cpu', threads: 1 });
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-files-'));
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

/** A folder of its own with these files. */
async function place(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const own = path.join(folder, `place-${places++}`);
  await mkdir(own);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(own, name)), { recursive: true });
    await writeFile(path.join(own, name), content);
  }
  return own;
}

async function classify(file: string) {
  const opened = await openModel(engine, await readModelFile(file), PLAIN);
  try {
    const classifier = await opened.classifier(CLASSES, IMAGE);
    return { logits: [...(await classifier.classify(IMAGE))], reading: classifier.model.reading };
  } finally {
    await opened.close();
  }
}

async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toMatch(/[\r\n]/);
}

const bytesOf = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
/** Scores are the channels' means, in the order of this matrix. */
const MATRIX = bytesOf(0, 1, 0, 0, 0, 1, 1, 0, 0);

/** Channel means times a matrix that lies in `weights.bin`, held by an initializer or by a node. */
function external(
  held: 'initializer' | 'node' | 'branch',
  where: Readonly<Record<string, string>> = {},
  dims = [3, 3],
): ModelProto {
  const builder = new GraphBuilder(['N', 3, 8, 8]);
  const means = builder.emit('Flatten', [builder.emit('GlobalAveragePool', ['image'])]);
  const model = builder.model([builder.emit('MatMul', [means, 'matrix'])]);
  const tensor: TensorProto = {
    name: 'matrix',
    dims,
    dataType: ELEMENT_TYPE.float32,
    dataLocation: 1,
    externalData: Object.entries({ location: 'weights.bin', ...where }).map(([key, value]) => ({
      key,
      value,
    })),
  };
  const constant = {
    opType: 'Constant',
    name: '',
    input: [],
    output: ['matrix'],
    attribute: [{ name: 'value', type: ATTRIBUTE_TYPE.TENSOR, t: tensor }],
  };
  if (held === 'initializer') model.graph.initializer.push(tensor);
  else if (held === 'node') model.graph.node.unshift(constant);
  else {
    const branch = { name: 'branch', node: [{ ...constant, output: ['inner'] }], initializer: [], input: [] };
    const output = [{ name: 'inner', type: { tensorType: { elemType: ELEMENT_TYPE.float32 } } }];
    const g = { ...branch, output };
    model.graph.initializer.push({ name: 'yes', dims: [], dataType: 9, rawData: Uint8Array.of(1) });
    model.graph.node.unshift({
      opType: 'If',
      name: '',
      input: ['yes'],
      output: ['matrix'],
      attribute: ['then_branch', 'else_branch'].map((name) => ({ name, type: ATTRIBUTE_TYPE.GRAPH, g })),
    });
  }
  return model;
}

describe('weights in a file beside the model', () => {
  it.each(['initializer', 'node', 'branch'] as const)('are those of an %s', async (held) => {
    const model = external(held, { offset: '8', length: '36' });
    const own = await place({
      'm.onnx': encodeModel(model),
      'weights.bin': Buffer.concat([bytesOf(9, 9), MATRIX]),
    });
    expect((await classify(path.join(own, 'm.onnx'))).logits).toEqual([3, 1, 2]);
    const { model: read, bytes } = await readModelFile(path.join(own, 'm.onnx'));
    expect(read.parameters).toBe(held === 'branch' ? 18 : 9);
    expect(Buffer.from(bytes).includes('weights.bin')).toBe(false);
  });

  it('without a length, the tensor tells it', async () => {
    const own = await place({
      'm.onnx': encodeModel(external('node')),
      'weights.bin': Buffer.concat([MATRIX, bytesOf(5)]),
    });
    expect((await classify(path.join(own, 'm.onnx'))).logits).toEqual([3, 1, 2]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'an offset of 1.5',
      { offset: '1.5' },
      /a whole number of bytes as the offset of the weights "matrix".*found "1\.5"/,
    ],
    ['an offset of 1e1', { offset: '1e1' }, /as the offset .*found "1e1"/],
    ['a negative offset', { offset: '-4' }, /as the offset .*found "-4"/],
    ['an offset in hexadecimal', { offset: '0x8' }, /as the offset .*found "0x8"/],
    ['no number', { length: '' }, /as the length .*found ""/],
    ['an offset beyond every file', { offset: '99999999999999999999' }, /as the offset/],
    [
      'an offset behind the end',
      { offset: '400' },
      /expected 436 bytes of weights or more in weights\.bin, found 36/,
    ],
    [
      'another length',
      { length: '32' },
      /expected 36 bytes for the weights "matrix" of shape \[3, 3\], found 32/,
    ],
    ['a folder', { location: 'sub' }, /found no plain file there/],
  ])('%s is refused', async (_, where, message) => {
    const own = await place({
      'm.onnx': encodeModel(external('node', where)),
      'weights.bin': MATRIX,
      'sub/x': '',
    });
    await refused(readModelFile(path.join(own, 'm.onnx')), message);
  });

  it.each([
    ['a device', '/dev/zero', /found \S*weights\.bin to be a link to \/dev\/zero; put the file itself there/],
    ['a file elsewhere', '../secret.bin', /to be a link to \S*secret\.bin/],
    ['nothing', 'nowhere', /found no such file/],
  ])('a link to %s is not followed', async (_, target, message) => {
    await writeFile(path.join(folder, 'secret.bin'), MATRIX);
    const own = await place({ 'm.onnx': encodeModel(external('initializer')) });
    await symlink(target, path.join(own, 'weights.bin'));
    await refused(readModelFile(path.join(own, 'm.onnx')), message);
  });

  it('a folder that is a link elsewhere is not followed either', async () => {
    await writeFile(path.join(folder, 'weights.bin'), MATRIX);
    const own = await place({ 'm.onnx': encodeModel(external('node', { location: 'data/weights.bin' })) });
    await symlink('..', path.join(own, 'data'));
    await refused(readModelFile(path.join(own, 'm.onnx')), /to be a link to/);
  });

  it("may be links as the model is one, in HuggingFace's cache", async () => {
    const own = await place({
      'blobs/1': encodeModel(external('initializer')),
      'blobs/2': MATRIX,
      'snapshots/a/onnx/x': '',
    });
    await symlink('../../../blobs/1', path.join(own, 'snapshots/a/onnx/model.onnx'));
    await symlink('../../../blobs/2', path.join(own, 'snapshots/a/onnx/weights.bin'));
    expect((await classify(path.join(own, 'snapshots/a'))).logits).toEqual([3, 1, 2]);
  });

  it('every stored tensor is found, in functions and sparse ones too', () => {
    const named = (name: string): TensorProto => ({ name, dims: [1], dataType: 1 });
    const model = external('branch');
    model.graph.sparseInitializer = [{ values: named('a'), indices: named('b') }];
    model.graph.node[0].attribute.push({ name: 'x', type: 9, tensors: [named('c')] });
    model.functions = [
      {
        name: 'f',
        domain: 'd',
        node: [{ ...model.graph.node[1], attribute: [{ name: 'y', type: 4, t: named('e') }] }],
      },
    ];
    expect([...storedTensors(model)].map(({ name }) => name)).toEqual([
      'yes',
      'a',
      'b',
      'matrix',
      'matrix',
      'c',
      'e',
    ]);
  });
});

describe('an IR version that the runtime does not know', () => {
  it('is lowered, which is told', async () => {
    const model = external('node');
    const own = await place({ 'm.onnx': encodeModel({ ...model, irVersion: 99 }), 'weights.bin': MATRIX });
    const { logits, reading } = await classify(path.join(own, 'm.onnx'));
    expect(logits).toEqual([3, 1, 2]);
    expect(reading.file).toEqual([
      expect.stringMatching(/^ONNX IR version 99 lowered to \d+, the highest of ONNX Runtime$/),
    ]);
  });

  it('is told where the operator set is too new as well', async () => {
    const model = { ...external('node'), irVersion: 99, opsetImport: [{ domain: '', version: 99 }] };
    const own = await place({ 'm.onnx': encodeModel(model), 'weights.bin': MATRIX });
    await refused(
      classify(path.join(own, 'm.onnx')),
      /cannot load this model on cpu: .*opset.*\(ONNX IR version 99 lowered to \d+/,
    );
  });
});

describe('a folder', () => {
  it.each([
    [{ 'model.onnx': tinyModel() }, 'model.onnx', /^model\.onnx of the folder$/],
    [
      { 'onnx/model.onnx': tinyModel(), 'config.json': '{"model_type":"vit"}' },
      'onnx/model.onnx',
      /^onnx\/model\.onnx of/,
    ],
    [
      { 'onnx/model.onnx': tinyModel(), 'onnx/model_quantized.onnx': 'x', 'onnx/model_fp16.onnx': 'x' },
      'onnx/model.onnx',
      /^onnx\/model\.onnx of the folder, which also has onnx\/model_fp16\.onnx, onnx\/model_quantized\.onnx: give one/,
    ],
    [
      { 'onnx/model_int8.onnx': tinyModel() },
      'onnx/model_int8.onnx',
      /^onnx\/model_int8\.onnx of the folder$/,
    ],
    [{ 'resnet.onnx': tinyModel(), 'README.md': '' }, 'resnet.onnx', /^resnet\.onnx of the folder$/],
  ])('of a model is the model: %#', async (files, taken, note) => {
    const own = await place(files as unknown as Record<string, Uint8Array | string>);
    const source = await readModelFile(own);
    expect(source.path).toBe(path.join(own, taken));
    expect(source.run).toBeUndefined();
    expect(source.notes).toEqual([expect.stringMatching(note)]);
    const name = path.basename(own);
    expect(source.model.name).toBe(
      path.basename(taken) === 'model.onnx' ? name : `${name} ${path.basename(taken, '.onnx')}`,
    );
    expect((await classify(own)).reading.file).toEqual(source.notes);
  });

  it.each<[Record<string, string>, RegExp]>([
    [
      { 'onnx/model_int8.onnx': 'x', 'onnx/model_fp16.onnx': 'x' },
      /expected one ONNX file in the folder, or one that is called model\.onnx, found 2 \(onnx\/model_fp16\.onnx, onnx\/model_int8\.onnx\)/,
    ],
    [
      { 'saved_model.pb': 'x' },
      /found a SavedModel of TensorFlow; convert it with `python -m tf2onnx\.convert --saved-model \S+place-\d+ /,
    ],
    [
      { 'model.safetensors': 'x', 'config.json': '{"model_type":"resnet"}' },
      /a folder of weights.*pushpull export --weights \S+model\.safetensors/,
    ],
    [{ 'README.md': 'x' }, /found a folder without config\.json and without an ONNX file/],
  ])('without one, or with several, is refused: %#', async (files, message) => {
    await refused(readModelFile(await place(files)), message);
  });
});

const zip = (...names: string[]): string => `PK\x03\x04${names.map((name) => `PK\x01\x02${name}`).join('')}`;

describe('a file of another kind', () => {
  it.each<[string, string, RegExp]>([
    [
      'a.pth',
      zip('a/data.pkl', 'a/data/0'),
      /weights that PyTorch saved; make a model of it with `pushpull export --weights \S+a\.pth --out MODEL\.onnx`/,
    ],
    [
      'old.pt',
      '\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.',
      /weights that PyTorch saved; .*export --weights \S+old\.pt /,
    ],
    ['last.ckpt', zip('archive/data.pkl'), /export --weights \S+last\.ckpt/],
    [
      'w.safetensors',
      '\x10\0\0\0\0\0\0\0{"a":1}',
      /a safetensors file \(weights alone\); .*export --weights \S+w\.safetensors/,
    ],
    [
      'script.pt',
      zip('a/constants.pkl', 'a/data.pkl'),
      /a TorchScript program; export it in Python with torch\.onnx\.export\(torch\.jit\.load\(/,
    ],
    [
      'e.pt2',
      zip('e/models/model.json', 'e/data/weights/w.pt'),
      /a program of torch\.export; .*torch\.export\.load/,
    ],
    [
      'k.h5',
      '\x89HDF\r\n\x1a\n',
      /an HDF5 file, as Keras saves models; convert it with `python -m tf2onnx\.convert --keras \S+k\.h5/,
    ],
    [
      'k.keras',
      zip('metadata.json', 'config.json', 'model.weights.h5'),
      /a Keras model; .*\.export\('MODEL\.onnx', format='onnx'\)/,
    ],
    ['m.tflite', '\x1c\0\0\0TFL3', /a TensorFlow Lite model; .*--tflite \S+m\.tflite/],
    ['saved_model.pb', '\x08\x01\x12\x05abcde', /a SavedModel of TensorFlow; .*--saved-model/],
    ['frozen.pb', '\n\x05\n\x01x\x12\0', /a graph of TensorFlow's; .*--graphdef \S+frozen\.pb/],
    ['m.ort', '\x18\0\0\0ORTM', /in ONNX Runtime's own format; give the \.onnx file/],
    ['m.mlmodel', '\x08\x04\xff\xff', /a Core ML model; export the network/],
    ['m.pkl', '\x80\x04]\x94.', /a Python pickle; export/],
    ['m.gguf', 'GGUF\x03', /a GGUF file/],
    ['page.onnx', '<!DOCTYPE html>', /a web page; use the address/],
    ['notes.onnx', 'some text', /found text; give an \.onnx file or the folder of a run/],
    ['empty.onnx', '', /found an empty file/],
  ])('%s: says what it is and what to do', async (name, content, message) => {
    const own = await place({ [name]: Buffer.from(content, 'latin1') });
    await refused(readModelFile(path.join(own, name)), message);
  });

  it('of more than 2 GB is told by its ends, or refused for its size', async () => {
    const own = await place({ 'big.pth': zip('a/data.pkl'), 'big.onnx': '\x08\x08\x12\x07pytorch' });
    for (const name of ['big.pth', 'big.onnx']) await truncate(path.join(own, name), 2 ** 31);
    await refused(readModelFile(path.join(own, 'big.pth')), /weights that PyTorch saved/);
    await refused(
      readModelFile(path.join(own, 'big.onnx')),
      /expected less than 2 GB, which ONNX files cannot exceed, found 2\.1 GB; .*save_as_external_data=True/,
    );
  });

  it('that is no plain file is not read', async () => {
    await refused(readModelFile('/dev/zero'), /found something that is no plain file/);
  });
});
