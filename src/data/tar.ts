import { UserError } from '../errors.ts';

/*
 * Only an index of where each file lies: images are then read in place, by any thread, in any order. Libraries for
 * tar hand the contents over as a stream, from the first file to the last.
 */

/** A regular file inside a tar archive. */
export interface TarEntry {
  readonly path: string;
  /** Of the contents, from the beginning of the archive. */
  readonly offset: number;
  readonly length: number;
}

const BLOCK = 512;
const latin1 = new TextDecoder('latin1');
const utf8 = new TextDecoder();

/**
 * The regular files of a tar archive: ustar, GNU (long names, large sizes) and pax.
 *
 * @param read gives `length` bytes from `offset`, fewer at the end
 * @param name of the archive, for messages
 * @throws UserError when it is no tar archive, or ends too early
 */
export function indexTar(
  read: (offset: number, length: number) => Uint8Array,
  size: number,
  name: string,
): TarEntry[] {
  const entries: TarEntry[] = [];
  let longName: string | undefined;
  let pax: ReadonlyMap<string, string> = new Map();
  for (let at = 0; at + BLOCK <= size; ) {
    const header = read(at, BLOCK);
    if (header.every((byte) => byte === 0)) return entries;
    if (!hasValidChecksum(header)) {
      throw new UserError(
        at === 0
          ? `${name}: expected a folder, a .tar or a .tar.gz archive, found a file of another kind`
          : `${name}: the archive is damaged after ${entries.length} files; fetch it again`,
      );
    }
    const type = String.fromCharCode(header[156]);
    const offset = at + BLOCK;
    const extended = pax.get('size');
    const length =
      extended !== undefined && !'xgLK'.includes(type) ? Number(extended) : readNumber(header, 124, 12);
    if (!(offset + length <= size)) throw endsEarly(name, entries.length);
    at = offset + Math.ceil(length / BLOCK) * BLOCK;
    if (type === 'L') longName = cString(utf8.decode(read(offset, length)));
    else if (type === 'x') pax = readPax(read(offset, length));
    else if (type !== 'g' && type !== 'K') {
      if (type === '0' || type === '\0' || type === '7') {
        const path = pax.get('path') ?? longName ?? headerPath(header);
        entries.push({ path: path.replace(/^(\.?\/)+/, ''), offset, length });
      }
      longName = undefined;
      pax = new Map();
    }
  }
  // The two empty blocks at the end are missing: some writers leave them out, so only a cut inside a file counts.
  if (entries.length === 0) throw endsEarly(name, 0);
  return entries;
}

function endsEarly(name: string, files: number): UserError {
  return new UserError(`${name}: the archive ends too early, after ${files} files; fetch it again`);
}

function hasValidChecksum(header: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : header[i];
  return sum === readNumber(header, 148, 8);
}

/** Octal digits, or (GNU) a big-endian binary number marked by the highest bit. */
function readNumber(header: Uint8Array, start: number, length: number): number {
  if (header[start] & 0x80) {
    let value = header[start] & 0x7f;
    for (let i = start + 1; i < start + length; i++) value = value * 256 + header[i];
    return value;
  }
  const digits = cString(latin1.decode(header.subarray(start, start + length))).trim();
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function headerPath(header: Uint8Array): string {
  const field = (start: number, length: number) =>
    cString(utf8.decode(header.subarray(start, start + length)));
  const name = field(0, 100);
  // GNU's own format ("ustar  ") keeps times where ustar has the front part of long paths.
  const isUstar = latin1.decode(header.subarray(257, 263)) === 'ustar\0';
  const prefix = isUstar ? field(345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function cString(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Records of the form "LENGTH KEY=VALUE\n", where the length counts bytes of the whole record. */
function readPax(bytes: Uint8Array): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(32, at);
    const length = space < 0 ? 0 : Number(latin1.decode(bytes.subarray(at, space)));
    if (!(length > 0)) break;
    const record = utf8.decode(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    values.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return values;
}
