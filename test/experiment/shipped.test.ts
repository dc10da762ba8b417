import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Experiment, readExperiment, shippedExperiments } from '../../src/experiment/read.ts';
import type { ExperimentRow } from '../../src/experiment/rows.ts';
import { experimentJsonSchema } from '../../src/experiment/schema.ts';
import { variantName } from '../../src/models/config.ts';
import {
  PAPER,
  PAPER_TABLE3,
  PAPER_TABLE4,
  type PaperDataset,
  paperEntry,
} from '../../src/report/tables/paper.ts';

const folder = new URL('../../experiments/', import.meta.url);
const DATASETS: Readonly<Record<string, PaperDataset>> = {
  cifar10: 'CIFAR-10',
  imagenet100: 'ImageNet-100',
  imagenet200: 'ImageNet-200',
  imagenet: 'ImageNet',
};

const variantOf = ({ stem: { antialias, bias: _, ...stem } }: ExperimentRow) =>
  variantName({ stem, antialias });
/** What the paper's numbers are looked up by. */
const keyOf = (row: ExperimentRow, { data }: Experiment) => ({
  dataset: DATASETS[data]!,
  network: row.network,
  variant: variantOf(row),
  ...(row.augmentation !== 'none' && { augment: row.augmentation }),
});

it('are the eight of the paper', async () => {
  expect(await shippedExperiments()).toEqual([
    'table1-cifar10',
    'table1-imagenet',
    'table1-imagenet100',
    'table1-imagenet200',
    'table2-cifar10',
    'table2-imagenet',
    'table3',
    'table4',
  ]);
});

describe.each([
  ['table1-cifar10', 1],
  ['table1-imagenet100', 1],
  ['table1-imagenet200', 1],
  ['table1-imagenet', 1],
  ['table2-cifar10', 2],
  ['table2-imagenet', 2],
] as const)('%s', (name, table) => {
  it('has a row for each number of the paper, and none that the paper has not', async () => {
    const experiment = await readExperiment(name);
    expect(experiment.tables).toContain(table);
    const entries = experiment.rows.map((row) => paperEntry(keyOf(row, experiment)));
    expect(entries).not.toContain(undefined);
    const dataset = DATASETS[experiment.data];
    const wanted = PAPER.filter((entry) => entry.table === table && entry.dataset === dataset);
    expect(wanted.length).toBeGreaterThan(2);
    expect(entries).toEqual(expect.arrayContaining(wanted));
    // Table 2 needs the plain ResNet-50 of Table 1 to compare with; nothing else is there twice.
    const others = entries.filter((entry) => !wanted.includes(entry!));
    expect(others.map((entry) => `${entry!.network} ${entry!.variant}`)).toEqual(
      table === 1 ? [] : ['resnet50 baseline'],
    );
  });

  it('compares a row where the paper has an mrCE, with the plain network of its augmentation', async () => {
    const experiment = await readExperiment(name);
    for (const row of experiment.rows) {
      const { mrce } = paperEntry(keyOf(row, experiment))!;
      const baseline = experiment.rows.find((other) => other.name === row.baseline);
      expect(baseline !== undefined).toBe(mrce !== undefined);
      if (!baseline) continue;
      expect([baseline.network, baseline.augmentation, baseline.stem]).toEqual([
        row.network,
        row.augmentation,
        { kind: 'conv' },
      ]);
    }
  });
});

it('table3 has every alpha at every pooling, and the plain network', async () => {
  const experiment = await readExperiment('table3');
  expect(experiment).toMatchObject({ data: 'imagenet100', tables: [3], training: { preset: 'imagenet100' } });
  const wanted = Object.keys(PAPER_TABLE3.poolings).flatMap((avg) =>
    PAPER_TABLE3.alphas.map((alpha) => `push-pull avg${avg} α ${alpha}`),
  );
  expect(experiment.rows.map(variantOf)).toEqual(['baseline', ...wanted]);
  expect(new Set(experiment.rows.map(({ network }) => network))).toEqual(new Set([PAPER_TABLE3.network]));
  expect(experiment.rows.slice(1).every(({ baseline }) => baseline === 'resnet18-conv')).toBe(true);
});

it('table4 has the rows of the paper, and what they are compared with', async () => {
  const experiment = await readExperiment('table4');
  expect(experiment).toMatchObject({ data: 'cifar10', tables: [4], training: { preset: 'cifar10' } });
  const compared = experiment.rows.filter(({ baseline }) => baseline !== undefined);
  const named = (rows: readonly { network: string; variant: string }[]) =>
    rows.map((row) => `${row.network} ${row.variant}`);
  expect(named(compared.map((row) => ({ network: row.network, variant: variantOf(row) })))).toEqual(
    named(PAPER_TABLE4),
  );
});

it('train as the paper does: nothing but the preset of their data is set', async () => {
  for (const name of await shippedExperiments()) {
    const { data, seeds, training, evaluation } = await readExperiment(name);
    expect({ seeds, training, evaluation }).toEqual({
      seeds: [1],
      training: { preset: data },
      evaluation: { seed: 0 },
    });
  }
});

it('name the schema, which is that of the code (npx vitest -u writes it anew)', async () => {
  for (const name of await shippedExperiments()) {
    const [first] = readFileSync(new URL(`${name}.yaml`, folder), 'utf8').split('\n');
    expect(first).toBe('# yaml-language-server: $schema=schema.json');
  }
  const text = `${JSON.stringify(experimentJsonSchema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../experiments/schema.json');
});

it('the schema explains every setting', () => {
  const bare: string[] = [];
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    const { properties, description } = node as {
      properties?: Record<string, unknown>;
      description?: string;
    };
    if (/properties\.\w+$/.test(path) && description === undefined) bare.push(path);
    for (const [key, value] of Object.entries(properties ?? {})) visit(value, `${path}.properties.${key}`);
    for (const [key, value] of Object.entries(node)) if (key !== 'properties') visit(value, `${path}.${key}`);
  };
  visit(experimentJsonSchema(), '');
  expect(bare).toEqual([]);
});
