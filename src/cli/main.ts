#!/usr/bin/env node
import { outliveReaders } from './shared/streams.ts';
import { version } from './version.ts';

outliveReaders();
const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) console.log(version());
else {
  // All commands and what they need: a question for the version need not wait for them.
  const status = await import('./program.ts').then(({ run }) => run(words), incomplete);
  if (status !== 0) process.exitCode = status;
}

/** A package that this one cannot do without is gone, or damaged. */
function incomplete(error: Error): number {
  const [words] = error.message.split('\n');
  console.error(
    `error: the installation of pushpull is incomplete (${words}); install it again with: npm ci, or npm install`,
  );
  return 2;
}
