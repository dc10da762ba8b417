import { UserError } from '../../errors.ts';
import { plural } from '../../words.ts';
import { decodeName } from './file-names.ts';
import type { TarEntry, TarLeftOut } from './tar-entry.ts';
import { resolveLinks, type TarLink } from './tar-links.ts';

/*
 * Only an index of where each file lies: images are then read in place, by any thread, in any order. Libraries for
 * tar hand the contents over as a stream, from the first file to the last.
 */

/** What is in a tar archive, folders aside. */
export interface TarIndex {
  readonly entries: readonly TarEntry[];
  readonly leftOut: readonly TarLeftOut[];
}

const BLOCK = 512;
/** Names and pax records are short: what is longer is no name. */
const LONGEST_NAME = 2 ** 20;
const latin1 = new TextDecoder('latin1');

/** Types that have no contents, whatever their size says: links, devices, folders and pipes. */
const WITHOUT_CONTENTS = '123456';
/** Headers that tell of the next one, and headers of the whole archive. */
const EXTENSIONS = 'xgLK';
const OTHER_KINDS: Readonly<Record<string, string>> = {
  '3': 'device',
  '4': 'device',
  '6': 'pipe',
  M: 'rest of a file that begins in another archive',
  S: 'sparse file',
};
/** GNU's lists of the files in a folder, and names of archives. */
const NO_FILES = '5DV';

/**
 * The files of a tar archive: ustar, GNU (long names, large sizes) and pax. A link to a file is that file under another
 * name. Of files of one name the last counts, as it does when the archive is unpacked.
 *
 * @param read gives `length` bytes from `offset`, fewer at the end
 * @param name of the archive, for messages
 * @throws UserError when it is no tar archive, or damaged, or ends too early
 */
export function indexTar(
  read: (offset: number, length: number) => Uint8Array,
  size: number,
  name: string,
): TarIndex {
  const files = new Map<string, TarEntry>();
  const links = new Map<string, TarLink>();
  const leftOut: TarLeftOut[] = [];
  let longName: string | undefined;
  let longTarget: string | undefined;
  let pax: ReadonlyMap<string, string> = new Map();
  let isWhole = false;
  const damaged = () =>
    new UserError(
      `${name}: the archive is damaged after ${plural(files.size + links.size, 'file')}; fetch it again`,
    );
  for (let at = 0; at + BLOCK <= size && !isWhole; ) {
    const header = read(at, BLOCK);
    if (header.every((byte) => byte === 0)) {
      isWhole = true;
      break;
    }
    if (!hasValidChecksum(header)) {
      if (at > 0) throw damaged();
      throw new UserError(
        `${name}: expected a folder, a .tar or a .tar.gz archive, found a file of another kind`,
      );
    }
    const type = String.fromCharCode(header[156]);
    const isExtension = EXTENSIONS.includes(type);
    const offset = at + BLOCK;
    const told = isExtension ? undefined : pax.get('size');
    const announced = told === undefined ? readNumber(header, 124, 12) : readDigits(told);
    const length = WITHOUT_CONTENTS.includes(type) ? 0 : announced;
    if (length === undefined || (isExtension && length > LONGEST_NAME)) throw damaged();
    if (offset + length > size) throw endsEarly(name, files.size + links.size);
    at = offset + Math.ceil(length / BLOCK) * BLOCK;
    if (type === 'L') longName = cString(decodeName(read(offset, length)));
    else if (type === 'K') longTarget = cString(decodeName(read(offset, length)));
    else if (type === 'x') pax = readPax(read(offset, length)) ?? fail(damaged);
    if (isExtension) continue;

    const path = (pax.get('path') ?? longName ?? headerPath(header)).replace(/^(\.?\/)+/, '');
    const target = () => pax.get('linkpath') ?? longTarget ?? cString(decodeName(header.subarray(157, 257)));
    const isSparse = [...pax.keys()].some((key) => key.startsWith('GNU.sparse.'));
    // Before there was a type for folders, their names ended so.
    if (!path.endsWith('/') && !NO_FILES.includes(type)) {
      const kind = OTHER_KINDS[isSparse ? 'S' : type];
      files.delete(path);
      links.delete(path);
      if (kind) leftOut.push({ path: pax.get('GNU.sparse.name') ?? path, kind });
      else if (type === '1' || type === '2') links.set(path, { target: target(), isHard: type === '1' });
      // Types that nobody knows are files, says POSIX.
      else files.set(path, { path, offset, length });
    }
    longName = undefined;
    longTarget = undefined;
    pax = new Map();
  }
  // The two empty blocks at the end are missing: some writers leave them out, so only a cut inside a file counts.
  if (!isWhole && files.size + links.size === 0) throw endsEarly(name, 0);
  const resolved = resolveLinks(files, links);
  return {
    entries: [...files.values(), ...resolved.entries],
    leftOut: [...leftOut, ...resolved.leftOut],
  };
}

function fail(error: () => UserError): never {
  throw error();
}

function endsEarly(name: string, files: number): UserError {
  return new UserError(`${name}: the archive ends too early, after ${plural(files, 'file')}; fetch it again`);
}

function hasValidChecksum(header: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : header[i];
  return sum === readNumber(header, 148, 8);
}

/**
 * Octal digits, or (GNU) a big-endian binary number marked by the highest bit. Undefined for what is no size: other
 * characters, a negative number, or one that is too large.
 */
function readNumber(header: Uint8Array, start: number, length: number): number | undefined {
  if (header[start] & 0x80) {
    // The next bit is the sign.
    if (header[start] & 0x40) return undefined;
    let value = header[start] & 0x3f;
    for (let i = start + 1; i < start + length; i++) value = value * 256 + header[i];
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = cString(latin1.decode(header.subarray(start, start + length))).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(`0${digits}`, 8) : undefined;
}

/** Decimal digits that are a size. */
function readDigits(text: string): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

function headerPath(header: Uint8Array): string {
  const field = (start: number, length: number) =>
    cString(decodeName(header.subarray(start, start + length)));
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

/**
 * Records of the form "LENGTH KEY=VALUE\n", where the length counts bytes of the whole record. Undefined when they are
 * none.
 */
function readPax(bytes: Uint8Array): ReadonlyMap<string, string> | undefined {
  const values = new Map<string, string>();
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const space = bytes.indexOf(32, at);
    const length = space < 0 ? undefined : readDigits(latin1.decode(bytes.subarray(at, space)));
    // A record ends with its line, inside of the header.
    if (length === undefined || at + length > bytes.length || at + length <= space + 1) return undefined;
    const record = decodeName(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    values.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return values;
}
