import { PersistentId, PickleError, type PickleValue } from './pickle-values.ts';

/** Whole numbers in pickles of tensors have 8 bytes at most, PyTorch's magic number 10. */
const MAX_NUMBER_BYTES = 64;

/** Position, stack and memory of a pickle that is being read. Every read is checked against the end of the bytes. */
export class PickleMachine {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly utf8 = new TextDecoder('utf-8');
  private readonly memo = new Map<number, PickleValue>();
  private readonly marked: PickleValue[][] = [];
  /** Everything that was said to be stored beside the pickle. */
  readonly persistent: PersistentId[] = [];
  /** Of the next byte. */
  at: number;
  private stack: PickleValue[] = [];

  constructor(bytes: Uint8Array, start: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
  }

  byte(): number {
    return this.view.getUint8(this.take(1));
  }
  uint16(): number {
    return this.view.getUint16(this.take(2), true);
  }
  int32(): number {
    return this.view.getInt32(this.take(4), true);
  }
  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }
  length64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }
  float64(): number {
    return this.view.getFloat64(this.take(8), false);
  }

  raw(length: number): Uint8Array {
    const from = this.take(length);
    return this.bytes.subarray(from, from + length);
  }

  text(length: number, encoding: 'utf8' | 'latin1' = 'utf8'): string {
    const raw = this.raw(length);
    // Not a TextDecoder, whose latin1 is Windows-1252: Python 2 keeps the bytes of arrays in such texts.
    if (encoding === 'latin1') return Buffer.from(raw.buffer, raw.byteOffset, length).toString('latin1');
    return this.utf8.decode(raw);
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw cutOff();
    const text = this.text(end - this.at, 'latin1');
    this.at = end + 1;
    return text;
  }

  /** A signed little-endian number of any length; a JavaScript number where it is exact. */
  signed(length: number): number | bigint {
    if (length > MAX_NUMBER_BYTES) throw new PickleError(`it holds a number of ${length} bytes`);
    let value = 0n;
    for (const [i, byte] of this.raw(length).entries()) value |= BigInt(byte) << BigInt(8 * i);
    return exact(BigInt.asIntN(8 * length, value));
  }

  push(value: PickleValue): void {
    this.stack.push(value);
  }

  pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined) throw new PickleError('it takes a value from an empty stack');
    return value;
  }

  top(): PickleValue {
    const value = this.stack.at(-1);
    if (value === undefined) throw new PickleError('it takes a value from an empty stack');
    return value;
  }

  mark(): void {
    this.marked.push(this.stack);
    this.stack = [];
  }

  refer(id: PickleValue): void {
    const reference = new PersistentId(id);
    this.persistent.push(reference);
    this.push(reference);
  }

  /** The values since the last mark. */
  popMarked(): PickleValue[] {
    const values = this.stack;
    const below = this.marked.pop();
    if (below === undefined) throw new PickleError('it goes back to a mark that was not set');
    this.stack = below;
    return values;
  }

  remember(index = this.memo.size): void {
    this.memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw new PickleError(`it recalls value ${index}, which it never stored`);
    this.push(value);
  }

  private take(length: number): number {
    const from = this.at;
    if (!(length >= 0 && from + length <= this.bytes.length)) throw cutOff();
    this.at = from + length;
    return from;
  }
}

function cutOff(): PickleError {
  return new PickleError('it ends too early');
}

/** A JavaScript number where it is exact. */
export function exact(value: bigint): number | bigint {
  return BigInt(Number(value)) === value ? Number(value) : value;
}
