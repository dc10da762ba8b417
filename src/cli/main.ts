#!/usr/bin/env node
import { outliveReaders } from './shared/streams.ts';
import { version } from './version.ts';

outliveReaders();
const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) console.log(version());
else {
  // All commands and what they need: a question for the version need not wait for them.
  const { run } = await import('./program.ts');
  const status = await run(words);
  if (status !== 0) process.exitCode = status;
}
