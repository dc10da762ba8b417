import { z } from 'zod';
import { AUGMENTATION_NAMES } from '../augment/augment.ts';
import { DEVICES, ENGINES, PRECISIONS } from '../engine/engine.ts';
import { UserError } from '../errors.ts';
import type { MomentumPolicy, OneCycleRates } from './schedule.ts';

/** Version of a run folder's `config.json`; files of another one are refused. */
export const RUN_SCHEMA = 'pushpull.run/1';

const positiveInt = z.number().int().positive();
const positive = z.number().positive();
const triple = z.tuple([z.number(), z.number(), z.number()]);
const positiveTriple = z.tuple([positive, positive, positive]);

const alpha = z.union([z.literal('trainable'), z.number()]);

/** What network is trained (`ModelConfig` of models/config.ts). */
export const modelConfigSchema = z.strictObject({
  model: z.string(),
  form: z.enum(['cifar', 'imagenet']),
  width: positiveInt,
  classes: z.number().int().min(2),
  stem: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('conv') }),
    z.strictObject({
      kind: z.literal('pushpull'),
      /** Side of the average pooling behind the pull convolution; 0 leaves it out. */
      avg: z
        .number()
        .int()
        .nonnegative()
        .refine((size) => size === 0 || size % 2 === 1),
      alpha,
    }),
    z.strictObject({ kind: z.literal('pushpull2020'), alpha }),
  ]),
  antialias: z.enum(['none', 'blurconv1', 'blurconv2']).optional(),
  stemBias: z.boolean().optional(),
  batchNorm: z.strictObject({ eps: positive, momentum: positive.max(1) }).optional(),
});

/** How test images become the network's input (`Preprocessing` of models/card.ts). */
export const preprocessingSchema = z.strictObject({
  width: positiveInt,
  height: positiveInt,
  layout: z.literal('NCHW'),
  dtype: z.literal('float32'),
  /** On values in [0, 1]. */
  mean: triple,
  std: positiveTriple,
  /** Short side before the centre crop, pixels; null where images have the network's size. */
  resize: positiveInt.nullable(),
  /** Filter that resizes; bilinear when left out. */
  resample: z.literal('bicubic').optional(),
});

/** How training images differ from test images: the random part of the recipe. */
export const trainingImagesSchema = z.strictObject({
  /** Short side before the random crop, pixels; null leaves the image as it is. */
  resize: positiveInt.nullable(),
  /** Zero padding on each side before the random crop, pixels. */
  padding: z.number().int().nonnegative(),
  flip: z.boolean(),
  /** What varies the decoded image before all else; nothing when left out. */
  augment: z.enum(AUGMENTATION_NAMES).optional(),
});

/** Optimiser and schedule. */
export const recipeSchema = z.strictObject({
  epochs: positiveInt,
  batchSize: positiveInt,
  /** Learning rates of the cycle. */
  rates: z.strictObject({ initial: positive, max: positive, end: positive }),
  momentum: z.union([z.literal('cycle'), z.number().min(0).lt(1)]),
  weightDecay: z.number().nonnegative(),
  /** Weight of AugMix's consistency loss over (clean, augmented, augmented); without it when left out. */
  jsd: positive.optional(),
});

/** The weights that a run starts from, where it does not start from the seed. */
export const initialSchema = z.strictObject({
  /** Absolute path. */
  file: z.string(),
  sha256: z.string(),
  /** What was chosen and adapted, a line each. */
  notes: z.array(z.string()),
  /** The classifier starts from the seed all the same. */
  newClassifier: z.boolean(),
  /** Batches of training images over which the batch norms' statistics are measured before the first step. */
  reestimateBatches: z.number().int().nonnegative(),
});

/** Images a split at most, or of the training and the test images apart. */
export const imageLimitSchema = z.union([
  positiveInt,
  z.strictObject({ train: positiveInt.optional(), test: positiveInt.optional() }).readonly(),
]);

/** All that a run depends on, after presets and options are resolved: the run folder's `config.json`. */
export const runConfigSchema = z.strictObject({
  schema: z.literal(RUN_SCHEMA),
  model: modelConfigSchema,
  data: z.strictObject({
    /** As given to `--data`; paths are absolute, so that a run can be resumed from another folder. */
    spec: z.string(),
    name: z.string(),
    /**
     * Share of the training images that is held out, drawn by the seed: the run's "test" scores are then those of that
     * part, and the test images are not used. Null for the test images.
     */
    validation: positive.lt(1).nullish(),
    /** How the classes were chosen, where they are only some of the data's. */
    selection: z
      .discriminatedUnion('kind', [
        z.strictObject({
          kind: z.literal('draw'),
          count: z.number().int().min(2),
          seed: z.number().int().nonnegative(),
        }),
        z.strictObject({ kind: z.literal('file'), file: z.string() }),
      ])
      .optional(),
    /** Share of the training images that is used, drawn by the seed; all when left out. */
    fraction: positive.lt(1).optional(),
    limit: imageLimitSchema.nullable(),
    classes: z.array(z.string()),
    trainImages: positiveInt,
    testImages: positiveInt,
  }),
  preprocessing: preprocessingSchema,
  trainingImages: trainingImagesSchema,
  preset: z.string(),
  recipe: recipeSchema,
  seed: z.number().int().nonnegative(),
  /** What the run started on; like `workers`, it may change when the run is resumed. ONNX Runtime when left out. */
  engine: z.enum(ENGINES).optional(),
  device: z.enum(DEVICES),
  /** What convolutions and activations are computed in; float32 when left out. */
  precision: z.enum(PRECISIONS).optional(),
  /** Whether NVIDIA's matrix units may round float32 operands to 10 bits; they may not when left out. */
  tf32: z.boolean().optional(),
  /** Threads that compute a deterministic run, at each resumption too; any number of them may when left out. */
  fixedThreads: positiveInt.optional(),
  workers: z.number().int().nonnegative(),
  initial: initialSchema.optional(),
});

export type RunConfig = z.infer<typeof runConfigSchema>;
export type InitialWeights = z.infer<typeof initialSchema>;
export type Recipe = z.infer<typeof recipeSchema>;
export type TrainingImages = z.infer<typeof trainingImagesSchema>;

export type PresetName = 'cifar10' | 'imagenet100' | 'imagenet200' | 'imagenet' | 'mnist' | 'small' | 'large';

export interface Preset {
  /** For listings: what the numbers are for, and where they come from. */
  readonly description: string;
  readonly form: 'cifar' | 'imagenet';
  readonly recipe: Recipe;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Test: short side, then the centre crop. `'image'`: the images' own size, no resizing. */
  readonly size: number | 'image';
  readonly trainingImages: TrainingImages;
}

const CIFAR_RATES: OneCycleRates = { initial: 5e-3, max: 0.2, end: 5e-6 };
const MOMENTUM: MomentumPolicy = 'cycle';
const IMAGENET_PIXELS = {
  form: 'imagenet',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  size: 224,
  trainingImages: { resize: 256, padding: 0, flip: true },
} as const;
const CIFAR_PIXELS = {
  form: 'cifar',
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.201],
  size: 'image',
  trainingImages: { resize: null, padding: 4, flip: true },
} as const;

function recipe(epochs: number, batchSize: number, rates: OneCycleRates): Recipe {
  return { epochs, batchSize, rates: { ...rates }, momentum: MOMENTUM, weightDecay: 1e-5 };
}

/**
 * The paper's recipes (Sec. 4.2), then ours for other data: the same optimiser, and pixels treated by size.
 */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  cifar10: {
    description: "the paper's recipe for CIFAR-10",
    recipe: recipe(30, 64, CIFAR_RATES),
    ...CIFAR_PIXELS,
  },
  imagenet100: {
    description: "the paper's recipe for ImageNet-100",
    recipe: recipe(20, 64, CIFAR_RATES),
    ...IMAGENET_PIXELS,
  },
  imagenet200: {
    description: "the paper's recipe for ImageNet-200",
    recipe: recipe(20, 64, CIFAR_RATES),
    ...IMAGENET_PIXELS,
  },
  imagenet: {
    description: "the paper's recipe for ImageNet",
    recipe: recipe(20, 128, { initial: 0.05, max: 1, end: 5e-5 }),
    ...IMAGENET_PIXELS,
  },
  mnist: {
    description: 'digits: no flip, as a mirrored digit is another sign',
    recipe: recipe(3, 64, CIFAR_RATES),
    form: 'cifar',
    // Of the training images, padded to 32 × 32.
    mean: [0.1, 0.1, 0.1],
    std: [0.275, 0.275, 0.275],
    size: 'image',
    trainingImages: { resize: null, padding: 2, flip: false },
  },
  small: {
    description: 'image folders of up to 64 pixels: as CIFAR-10',
    recipe: recipe(30, 64, CIFAR_RATES),
    ...CIFAR_PIXELS,
  },
  large: {
    description: 'larger image folders: as ImageNet-100',
    recipe: recipe(20, 64, CIFAR_RATES),
    ...IMAGENET_PIXELS,
  },
};

/** The largest image side that the CIFAR form of the networks is meant for. */
const SMALL_SIDE = 64;

/**
 * The preset for data of a known name, else by image size and number of classes.
 *
 * @param side The shorter side of the images, pixels.
 */
export function choosePreset(data: { kind: string; classes: number; side: number }): PresetName {
  if (data.kind === 'mnist') return 'mnist';
  if (data.kind === 'cifar10') return 'cifar10';
  if (data.kind === 'imagenet' && data.side > SMALL_SIDE) {
    if (data.classes === 100) return 'imagenet100';
    if (data.classes === 200) return 'imagenet200';
  }
  if (data.side <= SMALL_SIDE) return 'small';
  return data.classes === 1000 ? 'imagenet' : 'large';
}

/** A configuration that was stored. Throws a UserError that names the file and the first entry which is wrong. */
export function parseRunConfig(value: unknown, file: string): RunConfig {
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (schema !== RUN_SCHEMA) {
    throw new UserError(
      `${file}: expected the schema '${RUN_SCHEMA}', found ${JSON.stringify(schema) ?? 'none'}. ` +
        'It belongs to another program or to another version of pushpull: use that one.',
    );
  }
  const parsed = runConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0];
  throw new UserError(
    `${file}: the entry '${path.join('.')}' is wrong (${message}). Restore the file or train anew.`,
  );
}
