/** How HuggingFace's and timm's configurations beside a model say that it wants its images. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Preprocessing } from '../models/card.ts';

export interface DeclaredPreprocessing {
  readonly known: Partial<Pick<Preprocessing, 'width' | 'height' | 'mean' | 'std' | 'resize'>>;
  /** Where from, and what of it is done otherwise here; for people. */
  readonly why: string;
}

const triple = z.tuple([z.number(), z.number(), z.number()]);
const side = z.number().int().positive();
const area = z.union([side, z.object({ height: side, width: side }), z.object({ shortest_edge: side })]);

/** `preprocessor_config.json` of an image processor of HuggingFace's transformers. */
const processorSchema = z.object({
  do_normalize: z.boolean().default(true),
  image_mean: triple.optional(),
  image_std: triple.optional(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  do_resize: z.boolean().default(true),
  size: area.optional(),
  do_center_crop: z.boolean().default(false),
  crop_size: area.optional(),
  resample: z.number().int().optional(),
});

/** `pretrained_cfg` in a `config.json` of timm's. */
const timmSchema = z.object({
  mean: triple,
  std: triple,
  input_size: z.tuple([z.literal(3), side, side]),
  crop_pct: z.number().positive().max(1).default(1),
  interpolation: z.string().default('bilinear'),
});

/** Numbers of Pillow's filters in `resample`. */
const FILTERS: Readonly<Record<number, string>> = {
  0: 'nearest',
  1: 'lanczos',
  2: 'bilinear',
  3: 'bicubic',
  4: 'box',
  5: 'hamming',
};

/**
 * The folders in which a model's configuration may lie: its own, and the one above where it lies in `onnx`, as is the
 * convention of transformers.js.
 */
export function configFolders(file: string): string[] {
  const folder = path.dirname(file);
  return path.basename(folder) === 'onnx' ? [folder, path.dirname(folder)] : [folder];
}

/**
 * Reads `preprocessor_config.json`, or timm's `config.json`, near a model; undefined where there is none of a form that
 * is understood.
 *
 * @param file the ONNX file
 */
export async function declaredPreprocessing(file: string): Promise<DeclaredPreprocessing | undefined> {
  for (const folder of configFolders(file)) {
    const processor = path.join(folder, 'preprocessor_config.json');
    const found = processorSchema.safeParse(await readJson(processor));
    if (found.success) return ofProcessor(found.data, processor);
    const config = path.join(folder, 'config.json');
    const value = (await readJson(config)) as { pretrained_cfg?: unknown } | undefined;
    const timm = timmSchema.safeParse(value?.pretrained_cfg);
    if (timm.success) return ofTimm(timm.data, config);
  }
  return undefined;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function ofProcessor(config: z.infer<typeof processorSchema>, source: string): DeclaredPreprocessing {
  // Means refer to rescaled pixels: here to values in [0, 1], which are pixels / 255.
  const unit = config.do_rescale ? 255 * config.rescale_factor : 255;
  const { image_mean: mean, image_std: std } = config.do_normalize
    ? config
    : { image_mean: [0, 0, 0] as const, image_std: [1, 1, 1] as const };
  const size = config.do_resize ? config.size : undefined;
  const crop = config.do_center_crop ? config.crop_size : undefined;
  const seen = crop ?? size;
  const resize = crop && size !== undefined ? shortestEdge(size) : undefined;
  const filter = FILTERS[config.resample ?? 2] ?? 'another filter';
  const squeezed = size !== undefined && typeof size === 'object' && 'width' in size && !crop;
  return {
    known: {
      ...(mean && std && { mean: scaled(mean, unit), std: scaled(std, unit) }),
      ...(seen !== undefined && rectangle(seen)),
      ...(resize !== undefined && { resize }),
    },
    why: [
      source,
      ...(squeezed ? ['there images are squeezed to that size, here cropped to it'] : []),
      ...(size !== undefined && filter !== 'bilinear' ? [`resized by ${filter} there, bilinear here`] : []),
    ].join('; '),
  };
}

function scaled(values: readonly [number, number, number], unit: number): [number, number, number] {
  return [values[0] / unit, values[1] / unit, values[2] / unit];
}

function shortestEdge(size: z.infer<typeof area>): number | undefined {
  if (typeof size === 'number') return size;
  if ('shortest_edge' in size) return size.shortest_edge;
  return size.width === size.height ? size.width : undefined;
}

function rectangle(size: z.infer<typeof area>): { width: number; height: number } | undefined {
  if (typeof size === 'object' && 'width' in size) return { width: size.width, height: size.height };
  const edge = shortestEdge(size);
  return edge === undefined ? undefined : { width: edge, height: edge };
}

function ofTimm(
  { mean, std, input_size: [, height, width], crop_pct: crop, interpolation }: z.infer<typeof timmSchema>,
  source: string,
): DeclaredPreprocessing {
  // As timm reckons the side before the crop: floor(size / crop_pct).
  const resize = width === height ? { resize: Math.floor(width / crop) } : {};
  const otherwise = interpolation === 'bilinear' ? '' : `; resized by ${interpolation} there, bilinear here`;
  return { known: { mean, std, width, height, ...resize }, why: `${source}${otherwise}` };
}
