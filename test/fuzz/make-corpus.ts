/**
 * Makes the seed files of `npm run fuzz` that no fixture of the tests is: what this project itself writes, archives and tables.
 *
 *     npx tsx test/fuzz/make-corpus.ts
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { pack } from 'tar-stream';
import { run } from '../../src/cli/program.ts';

const corpus = fileURLToPath(new URL('corpus/', import.meta.url));
const into = (...parts: string[]) => {
  const file = path.join(corpus, ...parts);
  mkdirSync(path.dirname(file), { recursive: true });
  return file;
};
const work = mkdtempSync(path.join(tmpdir(), 'pushpull-corpus-'));

/** A stripe of some grey, other for every number. */
async function picture(index: number): Promise<Buffer> {
  const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (40 * index + i) % 256);
  return await sharp(data, { raw: { width: 16, height: 16, channels: 3 } })
    .png()
    .toBuffer();
}

const names = [
  'train/cat/0',
  'train/dog/1',
  'train/cat/6',
  'train/dog/7',
  'test/cat/2',
  'test/cat/3',
  'test/dog/4',
  'test/dog/5',
];
const tar = pack();
for (const [index, name] of names.entries()) {
  const bytes = await picture(index);
  tar.entry({ name: `${name}.png` }, bytes);
  const file = path.join(work, 'data', `${name}.png`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}
tar.entry({ name: `test/dog/${'long'.repeat(30)}.png` }, await picture(6));
tar.entry({ name: 'test/dog/link.png', type: 'symlink', linkname: '4.png' });
tar.finalize();
const chunks: Buffer[] = [];
for await (const chunk of tar) chunks.push(chunk as Buffer);
writeFileSync(into('folders.tar'), Buffer.concat(chunks));
writeFileSync(into('folders.tar.gz'), gzipSync(Buffer.concat(chunks)));

for (const index of [0, 1, 2, 3]) writeFileSync(into('table', `${index}.png`), await picture(index));
writeFileSync(
  into('labels.csv'),
  'image,label,split\n0.png,cat,test\n1.png,"dog",test\n2.png,cat,train\n3.png,dog,train\n',
);
writeFileSync(
  into('metadata.jsonl'),
  [0, 1, 2, 3].map((i) => `${JSON.stringify({ file_name: `${i}.png`, label: i % 2 })}\n`).join(''),
);
writeFileSync(
  into('val_annotations.txt'),
  '0.png\tn01\t0\t0\t7\t7\n1.png\tn02\t0\t0\t7\t7\n2.png\tn01\t0\t0\t7\t7\n',
);
writeFileSync(into('classes.txt'), 'cat\ndog\n');
writeFileSync(into('labels.json'), '{"id2label": {"0": "cat", "1": "dog", "2": "Größe"}}\n');

writeFileSync(
  into('preprocessor_config.json'),
  `${JSON.stringify({
    image_processor_type: 'ConvNextImageProcessor',
    ...{ do_resize: true, size: { shortest_edge: 8 }, crop_pct: 0.875, resample: 3 },
    ...{ do_rescale: true, rescale_factor: 0.00392156862745098, do_normalize: true },
    ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] },
  })}\n`,
);
writeFileSync(
  into('timm.json'),
  `${JSON.stringify({
    architecture: 'resnet18',
    num_classes: 3,
    pretrained_cfg: {
      ...{ input_size: [3, 8, 8], interpolation: 'bicubic', crop_pct: 0.875, crop_mode: 'center' },
      ...{ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    },
  })}\n`,
);

/** An array of bytes as NumPy writes it. */
function npy(shape: readonly number[], descr: string, bytes: Uint8Array): Buffer {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`.padEnd(
    117,
  );
  return Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]),
    Buffer.from(`${header}\n`),
    bytes,
  ]);
}
const pixels = Uint8Array.from({ length: 4 * 32 * 32 * 3 }, (_, i) => i % 251);
writeFileSync(into('images.npy'), npy([4, 32, 32, 3], '|u1', pixels));
writeFileSync(into('labels.npy'), npy([4], '|u1', Uint8Array.of(0, 1, 2, 3)));

writeFileSync(
  into('experiment.yaml'),
  `schema: pushpull.experiment/1
title: Fuzz
data: mnist
stems:
  conv: &plain { kind: conv }
  pushpull: { kind: pushpull, avg: 3, alpha: trainable }
grid:
  - { networks: [resnet18], stems: [conv, pushpull], baseline: conv }
training: { width: 1, epochs: 2 }
evaluation: { corruptions: [fog], severities: [1] }
tables: [6]
figures: false
report: false
`,
);

// What the project writes, of a network that is as small as it gets.
const out = path.join(work, 'run');
const data = ['--data', path.join(work, 'data'), '--threads', '1', '--workers', '1'];
const words = [
  ['train', ...data, '--width', '1', '--epochs', '1', '--batch', '2', '--out', out],
  ['evaluate', out, ...data, '--corruptions', 'fog,brightness', '--out', path.join(work, 'result.json')],
  [
    ...['corrupt', '--data', path.join(work, 'data'), '--corruption', 'fog', '--workers', '1'],
    '--out',
    path.join(work, 'set'),
  ],
  [
    ...[
      'search',
      ...data,
      '--validation',
      '0.5',
      '--width',
      '1',
      '--epochs',
      '1',
      '--batch',
      '2',
      '--lr',
      '0.01,0.02',
    ],
    ...['--out', path.join(work, 'search')],
  ],
];
for (const command of words) {
  const status = await run(command);
  if (status !== 0) throw new Error(`${command[0]} ended with ${status}`);
}
for (const [from, to] of [
  ['result.json', 'result.json'],
  ['result.predictions.safetensors', 'result.predictions.safetensors'],
  ['set/manifest.json', 'manifest.json'],
  ['run/config.json', 'run/config.json'],
  ['run/log.jsonl', 'run/log.jsonl'],
  ...['state.json', 'weights.safetensors', 'optimizer.safetensors'].map((name) =>
    new Array<string>(2).fill(`run/checkpoints/last/${name}`),
  ),
  ['search/search.json', 'search/search.json'],
  ['search/results.json', 'search/results.json'],
])
  cpSync(path.join(work, from), into(to));
rmSync(work, { recursive: true });
