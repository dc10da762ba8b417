/**
 * Runs commands of every kind one after another, so that a pseudo-terminal can show what each prints. Before each a line
 * `@@` with its words.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { createProgram, run } from '../../src/cli/program.ts';
import { colourModel, writeColours } from '../evaluate/colours.ts';
import { writeResult } from '../evaluate/statistics/fixture.ts';

const [folder] = process.argv.slice(2);
// Short, as a user's own paths are; what a long path does is not ours to decide.
process.chdir(folder!);
await writeFile('colours.onnx', colourModel());
await writeColours('data', 4);
// Other pictures to train on: the same, mirrored.
for (const name of await readdir('data/test')) {
  await mkdir(`data/train/${name}`, { recursive: true });
  for (const file of await readdir(`data/test/${name}`)) {
    await sharp(`data/test/${name}/${file}`).flop().toFile(`data/train/${name}/${file}`);
  }
}
await writeResult('baseline', 'plain.json');
await writeResult('model', 'pushpull.json');

const plain = ['--mean', '0', '--std', '1', '--workers', '1', '--threads', '1'];
const cells = ['--corruptions', 'contrast,fog', '--severities', '1,5'];
const network = ['--data', 'data', '--form', 'cifar', '--width', '4', '--epochs', '2', '--batch', '4'];
const commands = [
  [],
  ...createProgram().commands.map((command) => [command.name(), '--help']),
  ['models'],
  ['models', 'resnet18'],
  ['experiment'],
  ['data', 'data', '--check'],
  ['evaluate', 'colours.onnx', '--data', 'data', '--out', 'colours.json', ...cells, ...plain],
  ['evaluate', 'colours.onnx', '--data', 'data', '--out', 'dry.json', ...plain, '--dry-run'],
  ['compare', 'plain.json', 'pushpull.json', '--resamples', '200'],
  ['report', 'plain.json', 'pushpull.json', '--table', '1', '--out', 'tables'],
  ['train', ...network, '--out', 'run', '--threads', '1', '--workers', '1', '--stem', 'pushpull'],
  [
    'search',
    ...network,
    '--out',
    'search',
    '--lr',
    '0.1,0.2',
    '--validation',
    '0.5',
    '--threads',
    '1',
    '--workers',
    '1',
  ],
  ['inspect', 'run', '--out', 'figures'],
  ['export', 'run', '--out', 'run.onnx'],
];
for (const words of commands) {
  console.log(`@@ ${words.join(' ')}`);
  process.exitCode = 0;
  const status = await run(words);
  if (status !== 0) console.log(`@@ failed: ${words.join(' ')}`);
}
process.exitCode = 0;
