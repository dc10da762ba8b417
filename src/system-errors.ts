/**
 * What the system and the JavaScript engine say when they refuse something, in words that help. Portable: errors are told by
 * their codes and messages alone.
 */
import { OutOfMemoryError, UserError } from './errors.ts';

/** What was tried with a file or folder. */
export type Doing = 'read' | 'write';

/** The system refused something that was tried with a file or folder. */
export class SystemError extends UserError {
  constructor(
    /** The file or folder, or what else was asked for. */
    readonly place: string,
    readonly doing: Doing,
    /** The system's own name for the reason: `ENOENT`. */
    readonly code: string,
    /** The reason and what to do, in words, without the place. */
    readonly problem: string,
  ) {
    super(`${place}: cannot be ${doing === 'read' ? 'read' : 'written'}: ${problem}`);
  }
}

/** Reason and cure by code: of both, or of reading and of writing. */
const PROBLEMS: Readonly<Record<string, string | Readonly<Record<Doing, string>>>> = {
  EACCES: {
    read: 'you may not read it; change its permissions, or those of its folder',
    write: 'you may not write there; choose another place or change its permissions',
  },
  EAGAIN: 'the system has no room for another thread or process; end others, or raise `ulimit -u`',
  EBUSY: 'another program holds it; end that first',
  EDQUOT: 'your disk quota is used up; make room and try again',
  EEXIST: 'a part of its path is a file, not a folder; choose another place',
  EFBIG: 'it would be larger than the disk or `ulimit -f` allows; choose another disk, or raise that limit',
  EHOSTDOWN: 'its disk is on a machine that does not answer; try again later',
  EILSEQ: 'its disk allows no such name; choose another',
  EINVAL: 'the system does not do this with it; give an ordinary file or folder',
  EIO: 'the disk failed; check it, or use another one',
  EISDIR: { read: 'it is a folder; give a file', write: 'it is a folder; choose another name' },
  ELOOP: 'its symbolic links lead in a circle; mend them',
  EMFILE: 'too many files are open; raise `ulimit -n` (1024 will do), or use fewer --workers and --threads',
  EMLINK: 'it has too many links; choose another place',
  ENAMETOOLONG: {
    read: 'the name is too long; check it',
    write: 'the name is too long; choose a shorter one',
  },
  ENFILE: 'too many files are open on this machine; end other programs',
  ENODEV: 'its device is not there; check the path',
  ENOENT: {
    read: 'no such file or folder; check the path',
    write: 'a folder of its path is missing; make that first, or choose another place',
  },
  ENOMEM: 'memory ran out; end other programs, or raise `ulimit -v`',
  ENOSPC: 'the disk is full; make room and try again',
  ENOTCONN: 'its disk is not connected; connect it and try again',
  ENOTDIR: {
    read: 'a part of its path is a file, not a folder; check the path',
    write: 'a part of its path is a file, not a folder; choose another place',
  },
  ENOTEMPTY: 'the folder is not empty; choose another',
  ENOTSUP: 'its disk cannot do this; choose another place',
  ENXIO: 'its device is not there, or nobody is at the other end; give an ordinary file',
  EPERM: {
    read: 'you may not read it; change its permissions, or those of its folder',
    write: 'you may not write there; choose another place or change its permissions',
  },
  EPIPE: 'the reader at its other end has gone',
  EROFS: 'the disk is read-only; choose another place',
  ESTALE: 'its disk was connected anew in between; try again',
  ETIMEDOUT: 'its disk does not answer; try again later',
  ETXTBSY: 'it is a program that is running; end it, or choose another name',
  EXDEV: 'it would have to move to another disk; choose a place on the same',
  ERR_FS_EISDIR: 'it is a folder; choose another name',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB, more than is read in one piece; give a smaller file',
  ERR_INVALID_ARG_VALUE: 'its name holds a NUL character; check the path',
  ERR_STRING_TOO_LONG: 'it is longer than 512 MiB, more than a text may be; give a smaller file',
};

/** What Node tells with an error of the system. */
interface SystemLike extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly path?: string;
}

/** A closed descriptor is a defect of ours. */
const DEFECTS: ReadonlySet<string> = new Set(['EBADF', 'EFAULT']);

/** How engines, Node and libraries say that memory ran out, apart from the codes of `MEMORY_CODES`. */
const MEMORY_MESSAGES =
  /allocation failed|could not allocate memory|cannot allocate memory|failed to allocate|out of memory|bad_alloc|bad allocation|not enough memory|invalid string length|(set|map) maximum size exceeded|invalid (typed )?array (buffer )?length: [1-9]\d{8,}/i;
const MEMORY_CODES: ReadonlySet<string> = new Set([
  'ERR_BUFFER_TOO_LARGE',
  'ERR_MEMORY_ALLOCATION_FAILED',
  'ERR_WORKER_OUT_OF_MEMORY',
]);
const MEMORY_CURE =
  'ask for less at a time (--batch, --workers, --width), end other programs, or raise `ulimit -v`';

/**
 * An error of the system, of memory or of threads as a UserError that says what to do. Any other comes back unchanged: what
 * the user was told already, and defects of ours.
 *
 * @param place What to name, in place of the path that the error tells.
 * @param doing What was tried, where it is known.
 */
export function explainError(error: unknown, place?: string, doing?: Doing): unknown {
  if (error instanceof SystemError) {
    // What was refused when something else was tried is not about that place.
    if (place === undefined || (doing ?? error.doing) !== error.doing) return error;
    return new SystemError(printable(place), error.doing, error.code, error.problem);
  }
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const { code, syscall, path, message } = error as SystemLike;
  if (code === 'ERR_WORKER_INIT_FAILED') {
    return new UserError(
      `a thread could not be started (${firstLine(message)}); use fewer --workers and --threads, or raise \`ulimit -n\` and \`ulimit -u\``,
    );
  }
  if (MEMORY_CODES.has(code ?? '') || MEMORY_MESSAGES.test(message)) {
    return new OutOfMemoryError(`memory ran out (${firstLine(message)})`);
  }
  if (code === undefined || DEFECTS.has(code)) return error;
  const of = place ?? path ?? (syscall === undefined ? undefined : firstLine(syscall));
  const isKnown = code in PROBLEMS && (code !== 'ERR_INVALID_ARG_VALUE' || /null bytes/.test(message));
  // Whatever else a call of the system answers, Node gives it the call's name.
  if (!isKnown && !(syscall !== undefined && /^E[A-Z0-9]+$/.test(code))) return error;
  return systemError(code, of ?? 'a file', doing ?? doingOf(syscall), firstLine(message));
}

/** Why the system refused something, in words: of an error that names the place itself, without it. */
export function problemOf(error: unknown): string {
  const explained = explainError(error);
  if (explained instanceof SystemError) return explained.problem;
  return explained instanceof Error ? explained.message : String(explained);
}

/** The same as `explainError`, with a cure where memory ran out: for what nobody above will add to. */
export function explainFinally(error: unknown): unknown {
  const explained = explainError(error);
  if (!(explained instanceof OutOfMemoryError)) return explained;
  return new OutOfMemoryError(`${explained.message}; ${MEMORY_CURE}`);
}

/** The error of one of the system's codes, with its words. */
export function systemError(code: string, place: string, doing: Doing, said: string = code): SystemError {
  const known = PROBLEMS[code];
  const problem = typeof known === 'string' ? known : known?.[doing];
  return new SystemError(printable(place), doing, code, problem ?? `the system refuses it (${said})`);
}

const WRITING =
  /^(write|mkdir|mkdtemp|rename|unlink|rm|rmdir|fsync|fdatasync|ftruncate|copyfile|link|symlink|[fl]?utime|[fl]?ch)/;

function doingOf(syscall: string | undefined): Doing {
  return WRITING.test(syscall ?? '') ? 'write' : 'read';
}

function firstLine(text: string): string {
  return text.split('\n')[0].trim();
}

/** One line, whatever characters a path holds. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}
