/** Standard output and standard error, whose readers may go away before the work is done. */
import { readProblem } from '../../files/files.ts';

/** A reader that is gone: a pipe that is closed (`| head`), a terminal that was. */
const GONE: readonly string[] = ['EPIPE', 'EIO', 'EBADF', 'ECONNRESET', 'ERR_STREAM_DESTROYED'];

/**
 * Let work go on when nobody reads what it prints any more. What cannot be printed for another reason, such as a full
 * disk, is told on the other stream once, and makes the exit status 2.
 */
export function outliveReaders(): void {
  const told = new Set<NodeJS.WriteStream>();
  const watch = (stream: NodeJS.WriteStream, name: string, other: NodeJS.WriteStream) => {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (GONE.includes(error.code ?? '') || told.has(stream)) return;
      told.add(stream);
      process.exitCode ||= 2;
      other.write(
        `error: ${name}: expected to be written to, found that it cannot be (${readProblem(error)})\n`,
      );
    });
  };
  watch(process.stdout, 'standard output', process.stderr);
  watch(process.stderr, 'standard error', process.stdout);
}
