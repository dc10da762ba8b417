import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPickle } from '../../src/data/pickle/pickle.ts';
import { PickleError, PickleGlobal, PickleObject } from '../../src/data/pickle/pickle-values.ts';
import { UserError } from '../../src/errors.ts';
import { float32, int32 } from '../../src/graph/tensor.ts';
import { randomStream } from '../../src/random/random.ts';
import { encodeSafetensors } from '../../src/tensor-files/safetensors.ts';
import { readTensors } from '../../src/tensor-files/tensor-file.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/train/pytorch/${name}`, import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-pytorch-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** What the script calls values(count): 0, 1, 2, ... less a quarter. */
const values = (...indexes: number[]): number[] => indexes.map((index) => index - 0.25);
const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

describe('tensors that PyTorch saved', () => {
  it.each(['kinds.pth', 'kinds-old.pth', 'kinds-protocol4.pth'])(
    'come out of %s, every element type and every view',
    async (file) => {
      const { tensors, format, taken } = await readTensors(fixture(file));
      expect([format, taken]).toEqual(['pytorch', '']);
      expect(Object.fromEntries(tensors)).toEqual({
        float: float32(values(...range(6)), [2, 3]),
        double: float32(values(0, 1), [2]),
        half: float32(values(0, 1, 2), [3]),
        bfloat: float32(values(0, 1, 2), [3]),
        long: { dtype: 'int64', shape: [2], data: BigInt64Array.of(-(2n ** 53n) - 1n, 7n) },
        int: int32([-5, 2 ** 31 - 1], [2]),
        short: int32([-5, 32767], [2]),
        char: int32([-5, 127], [2]),
        byte: { dtype: 'uint8', shape: [2], data: Uint8Array.of(0, 255) },
        bool: { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
        parameter: float32(values(...range(4)), [2, 2]),
        scalar: float32([3.5], []),
        empty: float32([], [0, 3]),
        whole: float32(values(...range(24)), [4, 6]),
        rows: float32(values(...range(12, 6)), [2, 6]),
        columns: float32(values(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23), [4, 3]),
        transposed: float32(values(...range(6).flatMap((c) => [c, c + 6, c + 12, c + 18])), [6, 4]),
        permuted: float32(
          values(...range(4).flatMap((k) => [0, 12].flatMap((i) => [0, 4, 8].map((j) => i + j + k)))),
          [4, 2, 3],
        ),
        same: float32(values(...range(24)), [4, 6]),
      });
      expect(tensors.get('same')).toBe(tensors.get('whole'));
    },
  );

  it('are found beside an optimiser and objects of classes that are not installed', async () => {
    const { tensors, taken, others } = await readTensors(fixture('training.ckpt'));
    expect([taken, others]).toEqual(['state_dict', []]);
    expect([...tensors.keys()]).toEqual([
      'model.0.weight',
      'model.0.bias',
      'model.1.weight',
      'model.1.bias',
      'model.1.running_mean',
      'model.1.running_var',
      'model.1.num_batches_tracked',
    ]);
    expect(tensors.get('model.1.num_batches_tracked')?.data).toEqual(BigInt64Array.of(1n));
  });

  it('are the trained ones where there are averaged ones too, which is told', async () => {
    const { tensors, taken, others } = await readTensors(fixture('averaged.pth'));
    expect([taken, others]).toEqual(['model', ['model_ema']]);
    expect(tensors.get('0.weight')?.data.some((value) => value !== 0)).toBe(true);
  });

  it('are those of a module that was pickled whole', async () => {
    const { tensors } = await readTensors(fixture('module.pth'));
    expect(tensors.size).toBe(7);
    expect(tensors.get('0.weight')?.shape).toEqual([2, 1, 1, 1]);
    expect(tensors.get('1.running_var')).toBeDefined();
  });
});

describe('a hostile or damaged file', () => {
  it.each([
    ['command.pth', /holds no named tensors/],
    ['loop.pth', /holds no named tensors/],
    ['expanded.pth', /a tensor \[1000000000000\] that does not fit into its storage of 1 elements/],
    ['huge.pth', /a tensor \[2, 1000000000000\] that does not fit/],
    ['claim.pth', /describes 4000000000000 bytes of tensors where the file has \d+/],
    ['offset.pth', /a tensor \[2, 3\] that does not fit into its storage of 6 elements/],
    ['negative.pth', /of a kind that is not known here/],
    ['no-storage.pth', /it has no member 'data\/0'/],
    ['short-storage.pth', /the storage '0' has 20 bytes where 6 elements of 4 were promised/],
    ['big-endian.pth', /a big-endian machine/],
    ['quantized.pth', /elements of the type QInt8Storage/],
    ['not-a-pickle.pth', /it ends too early|no instruction of a pickle/],
    ['arrays.npz', /a zip archive of something else/],
    ['script.pt', /a TorchScript program.*\n.*python3 -c "import torch; torch\.save\(torch\.jit\.load\(/],
  ])('%s is refused', async (file, message) => {
    const path = fixture(file);
    await expect(readTensors(path)).rejects.toThrow(UserError);
    await expect(readTensors(path)).rejects.toThrow(message);
    await expect(readTensors(path)).rejects.toThrow(path);
  });

  it('runs nothing: a command beside the weights stays a description', async () => {
    const { tensors } = await readTensors(fixture('command-beside.pth'));
    expect(Object.fromEntries(tensors)).toEqual({ weight: float32(values(0, 1), [2]) });
    expect(existsSync('pickle-was-executed')).toBe(false);
  });

  it.each(['kinds.pth', 'kinds-old.pth'])('%s cut off anywhere is refused', async (file) => {
    const whole = readFileSync(fixture(file));
    for (let length = 1; length < whole.length; length += 13) {
      const path = write('cut.pth', whole.subarray(0, length));
      await expect(readTensors(path), `${length} bytes`).rejects.toThrow(UserError);
    }
  });

  it.each(['kinds.pth', 'kinds-old.pth', 'training.ckpt'])(
    '%s with wrong bytes is refused or read, never crashed upon',
    async (file) => {
      const whole = readFileSync(fixture(file));
      const random = randomStream(7, 'damage', file);
      for (let round = 0; round < 200; round++) {
        const bytes = Uint8Array.from(whole);
        for (let i = 0; i <= round % 3; i++) bytes[random.int(0, bytes.length)] = random.int(0, 256);
        const outcome = await readTensors(write('wrong.pth', bytes)).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome, `round ${round}`).toBeInstanceOf(UserError);
      }
    },
  );

  it('nested a million deep is read without recursion', async () => {
    const depth = 1_000_000;
    const deep = new Uint8Array(depth + 2).fill(0x85);
    deep[0] = 0x29;
    deep[depth + 1] = 0x2e;
    expect(Array.isArray(readPickle(deep).value)).toBe(true);
    const start = readFileSync(fixture('kinds-old.pth'));
    const afterFacts = readPickle(start, readPickle(start, readPickle(start).end).end).end;
    const keys = Uint8Array.of(0x5d, 0x2e);
    const path = write('deep.pth', Buffer.concat([start.subarray(0, afterFacts), deep, keys]));
    await expect(readTensors(path)).rejects.toThrow(/no named tensors/);
  });
});

describe('files of another kind', () => {
  it.each([
    ['keras.h5', '\x89HDF\r\n\x1a\n', /an HDF5 file, as Keras saves.*timm/],
    ['pointer.pth', 'version https://git-lfs.github.com/spec/v1\n', /git lfs pull/],
    ['page.pth', '\n<!DOCTYPE html><html>', /found a web page/],
    ['list.pkl', '\x80\x04]\x94.', /a Python pickle of something else.*torch\.save/],
    ['old.pth', `${'\0'.repeat(257)}ustar`, /a tar archive, as PyTorch saved before 2017/],
    ['model.onnx', '\x08\x08\x12\x07', /what looks like an ONNX model.*pushpull retrofit/],
    ['notes.txt', 'weights', /found neither\. Save the network in Python/],
    ['short.safetensors', 'x', /expected a safetensors file, but it has only 1 byte/],
  ])('%s: says what it is and what to do', async (name, content, message) => {
    const path = write(name, Buffer.from(content, 'latin1'));
    await expect(readTensors(path)).rejects.toThrow(UserError);
    await expect(readTensors(path)).rejects.toThrow(message);
  });

  it('go by their content, not by their name', async () => {
    const tensor = float32([1, 2], [2]);
    const path = write('weights.pth', encodeSafetensors(new Map([['a', tensor]]), { note: 'x' }));
    expect(await readTensors(path)).toMatchObject({
      format: 'safetensors',
      metadata: { note: 'x' },
      tensors: new Map([['a', tensor]]),
    });
  });

  it('missing: names the path', async () => {
    await expect(readTensors('nowhere.pth')).rejects.toThrow(/^nowhere\.pth: the weights cannot be read/);
  });
});

describe('a pickle', () => {
  /** Made by Python: pickle.dumps(value, protocol), as latin-1 text. */
  it.each([
    ['protocol 0', '(lp0\nI1\naI-1\naL12345678901234567890L\naF1.5\naI01\naS"it\'s"\np1\naVé\np2\nag1\na.'],
    [
      'protocol 2',
      "\x80\x02]q\x00(K\x01J\xff\xff\xff\xff\x8a\t\xd2\n\x1f\xeb\x8c\xa9T\xab\x00G?\xf8\0\0\0\0\0\0\x88X\x04\0\0\0it'sq\x01X\x02\0\0\0\xc3\xa9q\x02h\x01e.",
    ],
    [
      'protocol 4',
      "\x80\x04\x95;\0\0\0\0\0\0\0]\x94(K\x01J\xff\xff\xff\xff\x8a\t\xd2\n\x1f\xeb\x8c\xa9T\xab\x00G?\xf8\0\0\0\0\0\0\x88\x8c\x04it's\x94\x8c\x02\xc3\xa9\x94h\x01e.",
    ],
  ])('of %s gives its values', (_, text) => {
    const { value } = readPickle(Buffer.from(text, 'latin1'));
    expect(value).toEqual([1, -1, 12345678901234567890n, 1.5, true, "it's", 'é', "it's"]);
  });

  it('of an object is a description', () => {
    // c os\nsystem (S'rm -rf'\n t R } (S'x'\n K\x01 u b .
    const { value } = readPickle(Buffer.from("cos\nsystem\n(S'rm -rf'\ntR}(S'x'\nK\x01ub.", 'latin1'));
    expect(value).toBeInstanceOf(PickleObject);
    expect(value).toMatchObject({ callable: 'os.system', args: ['rm -rf'], state: new Map([['x', 1]]) });
    const named = readPickle(Buffer.from('c__builtin__\neval\n.', 'latin1')).value;
    expect(named).toEqual(new PickleGlobal('__builtin__.eval'));
  });

  it.each([
    ['an empty stack', '.', /empty stack/],
    ['a mark that was not set', 'K\x01t.', /a mark that was not set/],
    ['a memory that was not filled', 'h\x05.', /recalls value 5/],
    ['entries for a number', 'K\x01K\x02K\x03s.', /entries of no dictionary/],
    ['an odd number of entries', '(K\x01d.', /entries of no dictionary/],
    ['a length beyond the end', 'X\xff\xff\xff\x7fa', /ends too early/],
    ['a negative length', 'T\xff\xff\xff\xff.', /ends too early/],
    ['protocol 9', '\x80\x09.', /protocol 9/],
    ['a number of 4 GB', '\x8b\xff\xff\xff\x7f.', /a number of 2147483647 bytes/],
    ['an unknown instruction', '\xff.', /no instruction/],
    ['the name of an object as a class', ')\x8c\x01a\x93.', /names a class by no text/],
    ['an extension', '\x82\x01.', /extension registry/],
  ])('with %s is refused', (_, text, message) => {
    const read = () => readPickle(Buffer.from(text, 'latin1'));
    expect(read).toThrow(PickleError);
    expect(read).toThrow(message);
  });
});
