/** What an experiment file may say, and the JSON Schema by which editors check it. */
import { z } from 'zod';
import { AUGMENTATION_REQUESTS } from '../augment/augment.ts';
import { CORRUPTIONS, SEVERITIES } from '../corrupt/index.ts';
import { MODELS } from '../models/registry.ts';
import { TABLE_NUMBERS } from '../report/tables/table.ts';
import { PRESETS, type PresetName } from '../run/config.ts';

/** Version of experiment files; files of another one are refused. */
export const EXPERIMENT_SCHEMA = 'pushpull.experiment/1';

/** Names of rows and stems become names of folders and words of a command line. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const name = z.string().regex(NAME, {
  error: 'letters, digits, dots, dashes and underscores, beginning with a letter or a digit',
});
const network = z.enum(MODELS.map((model) => model.name));
const augmentation = z.enum(AUGMENTATION_REQUESTS);
const positiveInt = z.number().int().positive();
const positive = z.number().positive();

const seeds = z.array(z.number().int().nonnegative()).min(1);

const alpha = z
  .union([z.literal('trainable'), z.number()], { error: '"trainable" or a number such as 1' })
  .describe('Strength of the inhibition: learned (one a filter), or one number for all filters.');
const antialias = z
  .enum(['none', 'blurconv1', 'blurconv2'])
  .describe('Blurs against aliasing in the strided layers of a ResNet; none when left out.');
const bias = z
  .boolean()
  .describe('Whether the first layer has a bias; as the network is published when left out.');

/** A first layer, and with it the blurs of the strided layers. */
const stemSchema = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({
        kind: z.literal('conv').describe('A plain convolution.'),
        antialias: antialias.optional(),
        bias: bias.optional(),
      }),
      z.strictObject({
        kind: z.literal('pushpull').describe('The push-pull unit of PushPull-Net (2024).'),
        avg: z
          .number()
          .int()
          .nonnegative()
          .refine((size) => size === 0 || size % 2 === 1, { error: '0 (no pooling) or an odd size' })
          .describe('Side of the average pooling of the pull response, 0 or odd; 0 leaves it out.'),
        alpha: alpha.default('trainable'),
        antialias: antialias.optional(),
        bias: bias.optional(),
      }),
      z.strictObject({
        kind: z.literal('pushpull2020').describe('The push-pull layer of Strisciuglio et al. (2020).'),
        alpha: alpha.default(1),
        antialias: antialias.optional(),
        bias: bias.optional(),
      }),
    ],
    { error: 'an object whose kind is conv, pushpull or pushpull2020' },
  )
  .describe('A first layer, and with it the blurs of the strided layers.');

/** Settings of training; what is left out comes from the preset. */
const trainingSchema = z.strictObject({
  preset: z
    .enum(Object.keys(PRESETS) as PresetName[])
    .optional()
    .describe('Named recipe from which all that is left out comes; by the data when left out.'),
  form: z
    .enum(['cifar', 'imagenet'])
    .optional()
    .describe('Form of the network: cifar for small images, imagenet for 224 × 224 pixels.'),
  width: positiveInt.optional().describe('Channels of the first stage; as published when left out.'),
  epochs: positiveInt.optional().describe('Passes over the training images.'),
  batchSize: positiveInt.optional().describe('Images a step.'),
  maxRate: positive
    .optional()
    .describe('Peak of the learning rate; the initial and the end rate keep their ratio to it.'),
  momentum: z
    .union([z.literal('cycle'), z.number().min(0).lt(1)], { error: '"cycle" or a number from 0 to below 1' })
    .optional()
    .describe('A fixed momentum, or cycle for 0.95 to 0.85 and back.'),
  weightDecay: z.number().nonnegative().optional().describe('On every parameter.'),
  jsd: positive
    .optional()
    .describe("Weight of AugMix's consistency loss; with the augmentation augmix only."),
  fraction: positive
    .lt(1)
    .optional()
    .describe('Train on a stratified share of the training images, drawn by the seed.'),
});

/** What is measured after training. */
const evaluationSchema = z.strictObject({
  corrupted: z
    .string()
    .regex(/^(cifar10-c|cifar100-c|imagenet-c):./, {
      error: '"cifar10-c:PATH", "cifar100-c:PATH" or "imagenet-c:PATH"',
    })
    .optional()
    .describe(
      'A published corrupted set, cifar10-c:PATH, cifar100-c:PATH or imagenet-c:PATH; without it, the test images are corrupted in memory. --corrupted overrules it.',
    ),
  corruptions: z
    .array(z.enum(CORRUPTIONS))
    .min(1)
    .optional()
    .describe('Default: the 15 of the benchmark; without all of them there is no mCE.'),
  severities: z
    .array(z.literal(SEVERITIES, { error: 'a severity from 1 to 5' }))
    .min(1)
    .optional()
    .describe('Default: all five.'),
  resize: positiveInt
    .optional()
    .describe(
      'Short side of clean test images before the centre crop, pixels; as in training when left out (224 for ImageNet, as the reference has it). 256 crops them as those of ImageNet-C.',
    ),
  seed: z
    .number()
    .int()
    .nonnegative()
    .default(0)
    .describe('Of every corruption, and of the selection of test images in a rehearsal.'),
  batchSize: positiveInt.optional().describe('Images that are classified at once; no figure depends on it.'),
});

const gridSchema = z
  .strictObject({
    networks: z.array(network).min(1).describe('Networks, by the names of `pushpull models`.'),
    stems: z.array(name).min(1).describe('Names of stems of this file.'),
    augmentations: z
      .array(augmentation)
      .min(1)
      .default(['none'])
      .describe('What varies the training images beside crop and flip.'),
    baseline: name
      .optional()
      .describe(
        'The stem of this grid whose rows the others are compared with: the same network and augmentation.',
      ),
    seeds: seeds.optional().describe("Seeds of these rows, in place of the file's."),
    training: trainingSchema.optional().describe("Settings of these rows, over the file's."),
  })
  .describe(
    'A row for every combination, called NETWORK-STEM, with -AUGMENTATION behind it where there is one.',
  );

const rowSchema = z.strictObject({
  name: name.describe('Unique in the file; its runs are called NAME-seedN.'),
  network: network.describe('A network, by its name in `pushpull models`.'),
  stem: name.describe('Name of a stem of this file.'),
  augmentation: augmentation
    .default('none')
    .describe('What varies the training images beside crop and flip.'),
  baseline: name.optional().describe('Name of the row that this one is compared with.'),
  seeds: seeds.optional().describe("Seeds of this row, in place of the file's."),
  training: trainingSchema.optional().describe("Settings of this row, over the file's."),
});

/** An experiment file: what is trained, on what, how it is measured, and which tables come out. */
export const experimentSchema = z.strictObject({
  $schema: z.string().optional().describe('For editors of JSON files; of no meaning here.'),
  schema: z.literal(EXPERIMENT_SCHEMA).describe('Version of this format.'),
  title: z.string().min(1).describe('Title of tables and report.'),
  description: z.string().optional().describe('What the experiment is for, in a few sentences.'),
  data: z
    .string()
    .min(1)
    .describe(
      'What is trained and measured on: cifar10, mnist, a folder or .tar(.gz) with train/<class>/* and test/<class>/*, imagenet:PATH, imagenet100:PATH; or imagenet, imagenet100, imagenet200 alone, whose place --data then says. Paths are relative to the file.',
    ),
  seeds: seeds
    .default([1])
    .describe('Each row is trained once with each; a seed decides weights, order and crops.'),
  stems: z
    .record(name, stemSchema)
    .refine((stems) => Object.keys(stems).length > 0, { error: 'one stem or more' })
    .describe('The first layers that rows may have, by name.'),
  grid: z
    .array(gridSchema)
    .default([])
    .describe('Rows as combinations of networks, stems and augmentations.'),
  rows: z.array(rowSchema).default([]).describe('Rows one by one, after those of the grid.'),
  training: trainingSchema.default({}).describe('Settings of all rows.'),
  evaluation: evaluationSchema.prefault({}).describe('What is measured of every trained network.'),
  tables: z
    .array(z.literal(TABLE_NUMBERS, { error: `a table of the paper: ${TABLE_NUMBERS.join(', ')}` }))
    .default([])
    .describe('Tables of the paper to write: 1 to 4; 6 and 7 are the absolute errors of 1 and 2.'),
  figures: z.boolean().default(true).describe('Whether to draw the figures of the paper.'),
  report: z.boolean().default(true).describe('Whether to write the report page.'),
});

export type ExperimentFile = z.infer<typeof experimentSchema>;
export type StemEntry = ExperimentFile['stems'][string];
export type TrainingSettings = ExperimentFile['training'];

/** JSON Schema of experiment files: what `experiments/schema.json` holds. */
export function experimentJsonSchema(): Record<string, unknown> {
  return {
    $id: 'schema.json',
    title: 'pushpull experiment',
    ...z.toJSONSchema(experimentSchema, { io: 'input', target: 'draft-7' }),
  };
}
