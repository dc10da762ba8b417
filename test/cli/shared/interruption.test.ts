import { expect, it, vi } from 'vitest';
import { interruptible } from '../../../src/cli/shared/progress.ts';
import { outliveReaders } from '../../../src/cli/shared/streams.ts';

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s stops work cleanly', async (name) => {
  const onStop = vi.fn();
  const work = interruptible(
    (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('saved'))),
    onStop,
  );
  process.emit(name);
  expect(await work).toBe('saved');
  expect(onStop).toHaveBeenCalledOnce();
});

it('a reader that goes away ends nothing but the output', () => {
  const streams = [process.stdout, process.stderr];
  const before = streams.map((stream) => stream.listeners('error'));
  const exitCode = process.exitCode;
  const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  outliveReaders();
  try {
    for (const stream of streams) {
      for (const code of ['EPIPE', 'EIO']) stream.emit('error', Object.assign(new Error(code), { code }));
    }
    expect(told).not.toHaveBeenCalled();
    expect(process.exitCode).toBe(exitCode);
    for (let time = 0; time < 2; time++) {
      process.stdout.emit('error', Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
    }
    expect(told.mock.calls).toEqual([
      [expect.stringMatching(/^error: standard output: .*\(the disk is full; .*\)\n$/)],
    ]);
    expect(process.exitCode).toBe(2);
  } finally {
    process.exitCode = exitCode;
    told.mockRestore();
    streams.forEach((stream, index) => {
      for (const listener of stream.listeners('error')) {
        if (!before[index]!.includes(listener)) stream.removeListener('error', listener as () => void);
      }
    });
  }
});
