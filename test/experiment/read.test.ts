import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { parseExperiment, readExperiment } from '../../src/experiment/read.ts';
import { experimentText } from './file.ts';

const parse = (text: string) => parseExperiment(text, 'my.yaml');
const withMore = (more: string) => () => parse(experimentText(more));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-experiment-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('an experiment file', () => {
  it('multiplies grids out, with the settings of the file under those of grids and rows', () => {
    const { name, rows } = parse(
      experimentText(`seeds: [3, 4]
training: { epochs: 5, batchSize: 32 }
grid:
  - networks: [resnet18, resnet50]
    stems: [conv, avg3]
    augmentations: [none, augmix]
    baseline: conv
    training: { epochs: 6 }
rows:
  - { name: own, network: resnet18, stem: avg3, baseline: resnet18-conv, seeds: [9], training: { epochs: 7 } }
`),
    );
    expect(name).toBe('my');
    expect(rows.map((row) => [row.name, row.baseline])).toEqual([
      ['resnet18-conv', undefined],
      ['resnet18-avg3', 'resnet18-conv'],
      ['resnet18-conv-augmix', undefined],
      ['resnet18-avg3-augmix', 'resnet18-conv-augmix'],
      ['resnet50-conv', undefined],
      ['resnet50-avg3', 'resnet50-conv'],
      ['resnet50-conv-augmix', undefined],
      ['resnet50-avg3-augmix', 'resnet50-conv-augmix'],
      ['own', 'resnet18-conv'],
    ]);
    expect(rows[3]).toMatchObject({
      augmentation: 'augmix',
      seeds: [3, 4],
      stem: { kind: 'pushpull', avg: 3, alpha: 'trainable' },
      training: { epochs: 6, batchSize: 32 },
    });
    expect(rows[8]).toMatchObject({ seeds: [9], training: { epochs: 7, batchSize: 32 } });
  });

  it('may be JSON', async () => {
    const file = join(folder, 'mine.json');
    const content = {
      schema: 'pushpull.experiment/1',
      title: 'Mine',
      data: 'pictures',
      stems: { a: { kind: 'pushpull2020' } },
      rows: [{ name: 'one', network: 'resnet18', stem: 'a' }],
    };
    writeFileSync(file, JSON.stringify(content));
    const experiment = await readExperiment(file);
    expect(experiment).toMatchObject({ name: 'mine', file, seeds: [1], evaluation: { seed: 0 }, tables: [] });
    expect(experiment.rows).toMatchObject([{ name: 'one', stem: { kind: 'pushpull2020', alpha: 1 } }]);
  });

  it('of the guide is one', () => {
    const guide = readFileSync(new URL('../../docs/guide/experiments.md', import.meta.url), 'utf8');
    const [, text] = /```yaml\n([\s\S]*?)```/.exec(guide)!;
    const { rows } = parse(text!);
    expect(rows).toHaveLength(13);
    expect(rows.at(-1)).toMatchObject({ name: 'long', baseline: 'resnet18-conv', training: { epochs: 60 } });
  });

  it('must be there, and be one', async () => {
    await expect(readExperiment('table9')).rejects.toThrow(
      /^table9: expected an experiment file \(YAML or JSON\) or one of table1-cifar10, .*table4; found no such file$/,
    );
    expect(() => parse('schema: pushpull.run/1')).toThrow(
      'my.yaml: expected an experiment file, with schema: pushpull.experiment/1, found schema: "pushpull.run/1"',
    );
    expect(() => parse('just words')).toThrow('found no schema; begin with one of experiments/*.yaml');
  });

  const rows = (row: string) => `rows:\n  - { name: a, network: resnet18, stem: conv }\n  - ${row}\n`;
  it.each([
    // Broken YAML, and what is wrong by itself: seven lines stand above.
    ['grid: [', 'my.yaml:7:8: ', /mend the YAML there/],
    ['data: cifar10', 'my.yaml:7:1: ', /Map keys must be unique; mend/],
    ['seeds: [1, x]', 'my.yaml:7:12: ', /seeds\[1\]: expected a number, found "x"$/],
    ['seeds: []', 'my.yaml:7:1: ', /seeds: expected a list of 1 or more, found \[\]$/],
    ['epoch: 3', 'my.yaml:7:1: ', /epoch: there is no such setting; see experiments\/schema.json/],
    ['training: { epochs: 0 }', 'my.yaml:7:21: ', /training.epochs: expected a number above 0, found 0$/],
    ['training:\n  maxrate: 1', 'my.yaml:8:3: ', /training.maxrate: there is no such setting/],
    [
      'tables: [5]',
      'my.yaml:7:10: ',
      /tables\[0\]: expected a table of the paper: 1, 2, 3, 4, 6, 7, found 5$/,
    ],
    [
      'evaluation: { corrupted: x }',
      'my.yaml:7:26: ',
      /expected "cifar10-c:PATH", .*"imagenet-c:PATH", found "x"$/,
    ],
    ['evaluation: { severities: [6] }', 'my.yaml:7:28: ', /expected a severity from 1 to 5, found 6$/],
    [
      rows('{ name: b, network: vgg, stem: conv }'),
      'my.yaml:9:25: ',
      /rows\[1\]\.network: expected one of resnet18, .*, found "vgg"$/,
    ],
    [rows('{ name: b, network: resnet18 }'), 'my.yaml:9:', /rows\[1\]\.stem: expected text, found nothing$/],
    [
      rows('{ name: b c, network: resnet18, stem: conv }'),
      'my.yaml:9:13: ',
      /name: expected letters, digits, dots, .*, found "b c"$/,
    ],
    // What does not fit together.
    ['', 'my.yaml:1:1: ', /expected a grid or rows, found neither/],
    [rows('{ name: a, network: resnet50, stem: conv }'), 'my.yaml:9:13: ', /found the row "a" twice/],
    [
      rows('{ name: b, network: resnet50, stem: avg7 }'),
      'my.yaml:9:41: ',
      /expected one of the stems of this file \(conv, avg3\), found "avg7"$/,
    ],
    [
      rows('{ name: b, network: resnet50, stem: conv, baseline: c }'),
      'my.yaml:9:57: ',
      /expected the name of a row \(a, b\), found "c"$/,
    ],
    [
      rows('{ name: b, network: resnet50, stem: conv, baseline: b }'),
      'my.yaml:9:57: ',
      /found a circle: b → b$/,
    ],
    [
      rows('{ name: b, network: resnet18, stem: conv, seeds: [4] }'),
      'my.yaml:9:13: ',
      /"b" is the same as "a"/,
    ],
    [
      rows('{ name: b, network: resnet50, stem: conv, seeds: [4, 4] }'),
      'my.yaml:9:13: ',
      /found seed 4 of "b" twice/,
    ],
    [
      'grid:\n  - { networks: [resnet18], stems: [avg3], baseline: conv }',
      'my.yaml:8:54: ',
      /expected one of the stems of this grid \(avg3\), found "conv"$/,
    ],
    [
      'grid:\n  - { networks: [resnet18, resnet18], stems: [avg3] }',
      'my.yaml:8:28: ',
      /found "resnet18" twice/,
    ],
  ])('%s: is refused at its place', (more, place, message) => {
    expect(withMore(more)).toThrow(UserError);
    expect(withMore(more)).toThrow(message);
    expect(withMore(more)).toThrow(place);
  });

  it('compares rows with rows that are compared with none', () => {
    const chain = (of: string) => `rows:
  - { name: a, network: resnet18, stem: conv${of} }
  - { name: b, network: resnet50, stem: conv, baseline: a }
  - { name: c, network: resnet34, stem: conv, baseline: b }
`;
    expect(withMore(chain(', baseline: c'))).toThrow(
      'my.yaml:8:57: rows[0].baseline: expected a row to compare with, found a circle: a → c → b → a',
    );
    expect(withMore(chain(''))).toThrow(
      'expected a row that is compared with no other, found "b", whose baseline is "a"',
    );
  });
});
