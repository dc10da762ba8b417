#!/usr/bin/env node
import { run } from './program.ts';
import { outliveReaders } from './shared/streams.ts';

outliveReaders();
const status = await run(process.argv.slice(2));
if (status !== 0) process.exitCode = status;
