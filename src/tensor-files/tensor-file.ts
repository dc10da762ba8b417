/** Tensors from a file of any origin. What a file is, its content says, not its name. */

import { UserError } from '../errors.ts';
import { open } from '../files/fs.ts';
import type { Tensor } from '../graph/tensor.ts';
import { problemOf } from '../system-errors.ts';
import { isLegacy } from './pytorch/legacy.ts';
import { readOldFormat, readZip, type SavedTensors } from './pytorch/read.ts';
import { readSafetensors } from './safetensors.ts';

export interface TensorFile extends SavedTensors {
  readonly format: 'safetensors' | 'pytorch';
  readonly tensors: Map<string, Tensor>;
  /** Free text beside the tensors; safetensors alone has it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes that are looked at to recognise a file. */
const HEAD = 512;

/**
 * Read all named tensors of a safetensors file or of one that PyTorch saved. Nothing in it is executed.
 *
 * @throws UserError when the file is missing, damaged, hostile or of another kind; then it says what to do
 */
export async function readTensors(path: string): Promise<TensorFile> {
  const head = await readHead(path);
  if (isZip(head)) return { format: 'pytorch', metadata: {}, ...(await readZip(path)) };
  if (isLegacy(head)) return { format: 'pytorch', metadata: {}, ...(await readOldFormat(path)) };
  const other = OTHERS.find(({ is }) => is(head));
  if (other !== undefined) throw new UserError(`${path}: ${EXPECTED}, found ${other.found}`);
  if (!looksLikeSafetensors(head) && !path.endsWith('.safetensors')) {
    throw new UserError(`${path}: ${EXPECTED}, found neither. ${CONVERT}`);
  }
  return { format: 'safetensors', taken: '', others: [], ...(await readSafetensors(path)) };
}

const EXPECTED = 'expected tensors as safetensors or as PyTorch saves them';
const CONVERT =
  'Save the network in Python with torch.save(network.state_dict(), FILE), or the same tensors with ' +
  'safetensors.torch.save_file(network.state_dict(), FILE).';

async function readHead(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD), 0, HEAD, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new UserError(`${path}: the weights cannot be read (${problemOf(error)}).`);
  }
}

const startsWith = (head: Uint8Array, text: string): boolean =>
  [...text].every((character, i) => head[i] === character.charCodeAt(0));

const isZip = (head: Uint8Array): boolean => startsWith(head, 'PK\x03\x04') || startsWith(head, 'PK\x05\x06');

/** A length of 8 bytes, then JSON. */
const looksLikeSafetensors = (head: Uint8Array): boolean =>
  head[4] === 0 && head[5] === 0 && head[6] === 0 && head[7] === 0 && head[8] === 0x7b;

/** Files that people take for weights, and what to do with them. */
const OTHERS: readonly { is: (head: Uint8Array) => boolean; found: string }[] = [
  {
    is: (head) => startsWith(head, '\x89HDF'),
    found:
      "an HDF5 file, as Keras saves weights. TensorFlow's weights have other names and other layouts: take the same " +
      "network's weights for PyTorch, which timm has for most of them.",
  },
  {
    is: (head) => startsWith(head.subarray(257), 'ustar'),
    found:
      'a tar archive, as PyTorch saved before 2017. Convert it with\n' +
      `  python3 -c "import torch; torch.save(torch.load('OLD', 'cpu'), 'NEW.pth')"`,
  },
  {
    is: (head) => head[0] === 0x80 && head[1] <= 5,
    found: `a Python pickle of something else. ${CONVERT}`,
  },
  {
    is: (head) => startsWith(head, 'version https://git-lfs'),
    found: 'the pointer that Git LFS keeps in place of a large file. Get the file itself with: git lfs pull',
  },
  {
    is: (head) => /^\s*<(!doctype|html)/i.test(new TextDecoder().decode(head)),
    found: 'a web page. Use the address of the file itself.',
  },
  {
    is: (head) => head[0] === 0x08 && head[1] < 32 && head[2] === 0x12,
    found:
      'what looks like an ONNX model. Its weights are not read: evaluate it as it is, or change its first layer ' +
      'with `pushpull retrofit`.',
  },
];
