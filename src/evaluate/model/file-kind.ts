/** What a file that is no ONNX model is, and how a model comes of it. */
import path from 'node:path';
import { shellWord } from '../../run/command.ts';
import { isLegacy } from '../../tensor-files/pytorch/legacy.ts';

export interface FileKind {
  /** In words: `an image`. */
  readonly found: string;
  /** What to do, where that is known. */
  readonly cure?: string;
}

/** The line that says what was found in place of an ONNX model. */
export function describeKind(file: string, { found, cure }: FileKind): string {
  return `${file}: expected an ONNX model, found ${found}; ${cure ?? 'give an .onnx file or the folder of a run'}`;
}

/**
 * What a file is, by its first and last bytes, and by its name where they do not tell.
 *
 * @param bytes of the file, or of both its ends
 */
export function kindOf(bytes: Uint8Array, file: string): FileKind {
  if (bytes.length === 0) return { found: 'an empty file' };
  const head = latin1(bytes.subarray(0, HEAD));
  const shown = shellWord(file);
  if (head.startsWith('PK')) return zipKind(bytes, file);
  if (isLegacy(bytes)) return weights('weights that PyTorch saved', shown);
  if (head.startsWith('\x89HDF')) {
    return {
      found: 'an HDF5 file, as Keras saves models',
      cure: `convert it with \`python -m tf2onnx.convert --keras ${shown} --output MODEL.onnx\``,
    };
  }
  if (head.slice(4, 8) === 'TFL3') {
    return {
      found: 'a TensorFlow Lite model',
      cure: `convert it with \`python -m tf2onnx.convert --tflite ${shown} --output MODEL.onnx\``,
    };
  }
  if (head.slice(4, 8) === 'ORTM') {
    return {
      found: "a model in ONNX Runtime's own format",
      cure: 'give the .onnx file that it was made from',
    };
  }
  if (head.slice(8, 10) === '{"') return weights('a safetensors file (weights alone)', shown);
  if (head.startsWith('\x89PNG') || head.startsWith('\xff\xd8\xff')) return { found: 'an image' };
  if (head.startsWith('GGUF')) {
    return { found: 'a GGUF file of weights', cure: 'export the network that they are of to ONNX' };
  }
  if (head.startsWith('version https://git-lfs')) {
    return { found: 'the pointer of a file that Git LFS keeps (git lfs pull)' };
  }
  if (/^\s*<(!doctype|html)/i.test(head)) {
    return { found: 'a web page', cure: 'use the address of the file itself' };
  }
  return tensorFlowKind(head, file) ?? namedKind(head, file) ?? otherKind(head);
}

const HEAD = 512;
/** The list of members of a zip archive is at its end; so much of it is looked at. */
const TAIL = 2 ** 16;

function zipKind(bytes: Uint8Array, file: string): FileKind {
  const shown = JSON.stringify(file);
  const names = latin1(bytes.subarray(0, HEAD)) + latin1(bytes.subarray(-TAIL));
  if (/constants\.pkl/.test(names)) {
    return {
      found: 'a TorchScript program',
      cure: `export it in Python with torch.onnx.export(torch.jit.load(${shown}), IMAGE, 'MODEL.onnx')`,
    };
  }
  if (/models\/[^/]*\.json|serialized_exported_program\.json/.test(names)) {
    return {
      found: 'a program of torch.export',
      cure: `export it in Python with torch.onnx.export(torch.export.load(${shown}), f='MODEL.onnx')`,
    };
  }
  if (/data\.pkl/.test(names)) return weights('weights that PyTorch saved', shellWord(file));
  if (/model\.weights\.h5/.test(names)) {
    return {
      found: 'a Keras model',
      cure: `export it in Python with keras.models.load_model(${shown}).export('MODEL.onnx', format='onnx')`,
    };
  }
  if (/\.npy/.test(names)) return { found: "an archive of NumPy's arrays" };
  if (/\.onnx/.test(names)) return { found: 'a zip archive that holds one', cure: 'unpack it first' };
  return { found: 'a zip archive' };
}

function weights(found: string, shown: string): FileKind {
  return {
    found,
    cure:
      `make a model of it with \`pushpull export --weights ${shown} --out MODEL.onnx\` where it is of a network of ` +
      '`pushpull models`, or export the network in Python with torch.onnx.export',
  };
}

/** A SavedModel begins with its version of 1 and the graph; a graph alone with its first node, that with its name. */
function tensorFlowKind(head: string, file: string): FileKind | undefined {
  if (head.startsWith('\x08\x01\x12') && path.extname(file) === '.pb') return savedModel(path.dirname(file));
  if (path.extname(file) !== '.pb' || head[0] !== '\n') return undefined;
  return {
    found: "a graph of TensorFlow's",
    cure:
      `convert it with \`python -m tf2onnx.convert --graphdef ${shellWord(file)} --inputs NAME:0 --outputs NAME:0 ` +
      '--output MODEL.onnx`',
  };
}

/** TensorFlow's folder of a model. */
export function savedModel(folder: string): FileKind {
  return {
    found: 'a SavedModel of TensorFlow',
    cure: `convert it with \`python -m tf2onnx.convert --saved-model ${shellWord(folder)} --output MODEL.onnx\``,
  };
}

/** Formats that their first bytes do not tell. */
const NAMED: Readonly<Record<string, string>> = {
  '.mlmodel': 'a Core ML model',
  '.mlpackage': 'a Core ML model',
  '.xml': 'what looks like a model of OpenVINO',
  '.engine': 'an engine of TensorRT',
  '.plan': 'an engine of TensorRT',
  '.pdmodel': 'a model of PaddlePaddle',
  '.pkl': 'a Python pickle',
  '.joblib': 'a Python pickle',
};

function namedKind(head: string, file: string): FileKind | undefined {
  const ending = path.extname(file).toLowerCase();
  const pickle = head.charCodeAt(0) === 0x80 && head.charCodeAt(1) <= 5 ? 'a Python pickle' : undefined;
  const found = Object.hasOwn(NAMED, ending) ? NAMED[ending] : pickle;
  return found === undefined ? undefined : { found, cure: 'export the network that it is of to ONNX' };
}

function otherKind(head: string): FileKind {
  return { found: /^[\s\x20-\x7e]+$/.test(head) ? 'text' : 'other or damaged data' };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
