#!/usr/bin/env node
import { UserError } from '../errors.ts';
import { explainFinally } from '../system-errors.ts';
import { version } from './version.ts';

// Loading the rest takes some hundred open files at once, and memory: what is refused then has to be told too.
try {
  const { outliveReaders } = await import('./shared/streams.ts');
  outliveReaders();
  const words = process.argv.slice(2);
  // All commands and what they need: a question for the version need not wait for them.
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
    console.log(version());
  } else {
    const { run } = await import('./program.ts').catch(incomplete);
    const status = await run(words);
    if (status !== 0) process.exitCode = status;
  }
} catch (cause) {
  const error = explainFinally(cause);
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 2;
}

/** A package that this one cannot do without is gone, or damaged, unless the system refuses something. */
function incomplete(cause: Error): never {
  const error = explainFinally(cause);
  if (error instanceof UserError) throw error;
  const [words] = cause.message.split('\n');
  throw new UserError(
    `the installation of pushpull is incomplete (${words}); install it again with: npm ci, or npm install`,
  );
}
