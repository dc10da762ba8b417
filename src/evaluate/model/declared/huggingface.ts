/** `preprocessor_config.json` of HuggingFace's transformers, done as the class that it names does it. */
import { RESIZE_FILTERS } from '../../../image/resize.ts';
import type { Size } from '../../../models/card.ts';
import { type DeclaredPreprocessing, type KnownPreprocessing, toTriple } from './declared.ts';
import { isLength, isRecord, Keys, shown } from './keys.ts';
import { type Processor, processorOf, processorOfModel } from './processors.ts';

/** Of other tasks, of other software, or about pictures in other forms than files. */
const WITHOUT_BEARING = [
  ...['image_processor_type', 'feature_extractor_type', 'processor_class', 'auto_map', 'use_fast', 'backend'],
  ...['transformers_version', 'do_convert_rgb', 'do_reduce_labels', 'reduce_labels', 'do_reduce_label'],
  ...[
    'return_tensors',
    'data_format',
    'input_data_format',
    'device',
    'disable_grouping',
    'default_to_square',
  ],
  ...['model_input_names', 'size_divisor_padding', 'num_channels', 'pad_size', 'image_seq_length'],
  ...['codebook_size', 'codebook_crop_size', 'codebook_resample', 'codebook_rescale_factor'],
  ...['codebook_image_mean', 'codebook_image_std', 'codebook_do_resize', 'codebook_do_center_crop'],
  ...['codebook_do_rescale', 'codebook_do_map_pixels', 'codebook_do_normalize'],
  ...['input_size_patches', 'total_mask_patches', 'mask_group_min_patches', 'mask_group_max_patches'],
  ...['mask_group_min_aspect_ratio', 'mask_group_max_aspect_ratio', 'return_image_mask'],
  'return_codebook_pixels',
];

/** Pillow's numbers. */
const FILTERS = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;
/** Of a ConvNeXt of so many pixels or more nothing is cropped. */
const CONVNEXT_WHOLE = 384;

/** A class, or what all classes agree on where there is none that is known. */
interface Reader {
  readonly keys: Keys;
  /** Of the class, for people. */
  readonly name: string;
  readonly processor: Processor | undefined;
  /** What stands for keys that are not there. */
  readonly assumed: string[];
}

/**
 * How a processor's configuration says that images are prepared.
 *
 * @param modelType `model_type` of the model's own configuration, for a file that names no class
 */
export function readProcessor(
  config: Readonly<Record<string, unknown>>,
  file: string,
  modelType?: string,
): DeclaredPreprocessing {
  const keys = new Keys(config);
  const named = keys.text('image_processor_type') ?? keys.text('feature_extractor_type');
  const type = named ?? (modelType === undefined ? undefined : processorOfModel(modelType));
  const processor = type === undefined ? undefined : processorOf(type);
  const name =
    processor && type ? type.replace('FeatureExtractor', 'ImageProcessor') : 'a class that is not known';
  const reader: Reader = { keys, name, processor, assumed: [] };
  keys.ignore(WITHOUT_BEARING);
  const known: KnownPreprocessing = { ...sizeOf(reader), ...valuesOf(reader), ...channelsOf(reader) };
  nameTheRest(reader, named);
  const { assumed } = reader;
  return {
    known,
    source: `${file}${processor ? ` (${name})` : ''}`,
    notes: [
      ...(assumed.length > 0
        ? [`not told there, so as ${name} of transformers 4: ${assumed.join(', ')}`]
        : []),
      ...keys.notes,
    ],
    gaps: keys.gaps,
  };
}

/** What is read of `size` and `crop_size`. */
type Area = Size | { readonly shortSide: number };

function sizeOf(reader: Reader): KnownPreprocessing {
  const { keys, name, processor } = reader;
  const resizes = keys.flag('do_resize', true, 'size');
  const told = keys.value('do_center_crop');
  const cropTold = keys.value('crop_size') !== undefined;
  const crops = keys.flag('do_center_crop', processor?.crop ?? false, 'size');
  if (!processor && told === undefined && (resizes || cropTold)) {
    keys.ignore(['size', 'resample', 'crop_pct']);
    keys.gap(
      'size',
      `neither "do_center_crop" nor a known "image_processor_type", whose classes differ in it`,
    );
    return {};
  }
  const known = geometryOf(reader, resizes, crops);
  if (processor && processor.crop === undefined && told === true) {
    keys.gap('size', `"do_center_crop": true, which ${name} does in some versions and in others not`);
  }
  return known;
}

function geometryOf(reader: Reader, resizes: boolean, crops: boolean): KnownPreprocessing {
  const { keys, processor } = reader;
  const { rule = 'plain', crop } = processor ?? {};
  const area = resizes ? readArea(reader, 'size', processor?.square) : undefined;
  const cut = crops && (!processor || crop !== undefined) ? readArea(reader, 'crop_size', true) : undefined;
  keys.ignore(['size', 'crop_size', 'resample', 'use_square_size']);
  if (rule === 'convnext' || rule === 'poolformer') keys.ignore(['crop_pct']);
  if (!processor && keys.value('crop_pct') !== undefined) {
    keys.gap('size', `${shown('crop_pct', keys.value('crop_pct'))} and no known "image_processor_type"`);
  }
  if (keys.gaps.length > 0) return {};
  if (cut && 'shortSide' in cut)
    return refused(reader, `${shown('crop_size', keys.value('crop_size'))}, which is no size`);
  if (!area) {
    if (!cut) return {};
    if (rule === 'perceiver')
      return refused(reader, '"do_resize": false, which leaves pictures of many sizes');
    return { ...cut, resize: null, fit: 'crop-only', cropRounding: 'down' };
  }
  const known = resizedBy(reader, rule, area, cut);
  return keys.gaps.length > 0 ? {} : { ...known, ...filterOf(reader) };
}

function resizedBy(
  reader: Reader,
  rule: Processor['rule'],
  area: Area,
  cut: Size | undefined,
): KnownPreprocessing {
  const { keys, name, processor } = reader;
  if (rule === 'convnext') {
    const fraction = keys.positive('crop_pct', processor!.cropFraction!, 'size');
    if (!('shortSide' in area)) {
      return refused(reader, `${shown('size', keys.value('size'))}, which ${name} does not take`);
    }
    const size = { width: area.shortSide, height: area.shortSide };
    if (area.shortSide >= CONVNEXT_WHOLE) return { ...size, resize: null, fit: 'squeeze' };
    return { ...size, resize: Math.trunc(area.shortSide / fraction), cropRounding: 'down' };
  }
  if (rule === 'levit' && 'shortSide' in area) {
    return cropped(reader, { shortSide: Math.trunc((256 / 224) * area.shortSide) }, cut);
  }
  if (rule === 'poolformer' && !keys.isNull('crop_pct')) {
    const fraction = keys.positive('crop_pct', processor!.cropFraction!, 'size');
    const scaled = (side: number) => Math.trunc(side / fraction);
    if ('shortSide' in area) return cropped(reader, { shortSide: scaled(area.shortSide) }, cut);
    if (area.width === area.height) return cropped(reader, { shortSide: scaled(area.width) }, cut);
    return cropped(reader, { width: scaled(area.width), height: scaled(area.height) }, cut);
  }
  if (rule === 'perceiver' && cut && !('shortSide' in area)) {
    return { ...area, resize: sideOrSize(cut), fit: 'crop-first', cropRounding: 'down' };
  }
  return cropped(reader, area, cut);
}

/** Resized, then the middle cut out of that. */
function cropped(reader: Reader, area: Area, cut: Size | undefined): KnownPreprocessing {
  if ('shortSide' in area) {
    if (cut) return { ...cut, resize: area.shortSide, cropRounding: 'down' };
    return refused(
      reader,
      `the short side is resized to ${area.shortSide} and nothing cropped ("do_center_crop"), so that pictures come out of many sizes`,
    );
  }
  if (!cut) return { ...area, resize: null, fit: 'squeeze' };
  return { ...cut, resize: sideOrSize(area), fit: 'squeeze', cropRounding: 'down' };
}

function sideOrSize(size: Size): number | Size {
  return size.width === size.height ? size.width : size;
}

function refused({ keys }: Reader, says: string): KnownPreprocessing {
  keys.gap('size', says);
  return {};
}

/** @param square whether a plain number stands for both sides; undefined where that depends on the class */
function readArea(
  { keys, processor, assumed }: Reader,
  key: 'size' | 'crop_size',
  square: boolean | undefined,
): Area | undefined {
  const value = keys.value(key);
  if (value === undefined) {
    if (!processor) {
      keys.gap('size', `no "${key}" and no known "image_processor_type"`);
      return undefined;
    }
    const side = key === 'size' ? processor.size : processor.cropSize;
    assumed.push(`${key} ${side}`);
    return square ? { width: side, height: side } : { shortSide: side };
  }
  const area = toArea(value, square);
  if (!area) {
    const why =
      isLength(value) && square === undefined
        ? 'which classes read differently, and no known "image_processor_type"'
        : 'which is not understood here';
    keys.gap('size', `${shown(key, value)}, ${why}`);
  }
  const squared = key === 'size' && keys.value('use_square_size') === true && area && 'shortSide' in area;
  return squared ? { width: area.shortSide, height: area.shortSide } : area;
}

function toArea(value: unknown, square: boolean | undefined): Area | undefined {
  if (isLength(value)) {
    if (square === undefined) return undefined;
    return square ? { width: value, height: value } : { shortSide: value };
  }
  if (Array.isArray(value)) {
    const [height, width] = value as unknown[];
    return value.length === 2 && isLength(height) && isLength(width) ? { width, height } : undefined;
  }
  if (!isRecord(value)) return undefined;
  const told = Object.entries(value).filter(([, side]) => side !== null);
  if (!told.every(([, side]) => isLength(side))) return undefined;
  const { height, width, shortest_edge: shortSide } = value;
  if (told.length === 1 && isLength(shortSide)) return { shortSide };
  return told.length === 2 && isLength(height) && isLength(width) ? { width, height } : undefined;
}

function filterOf({ keys, processor, assumed }: Reader): KnownPreprocessing {
  const value = keys.value('resample');
  if (value === undefined) {
    if (!processor) {
      keys.gap('filter', 'no "resample" and no known "image_processor_type", whose classes differ in it');
      return {};
    }
    const resample = FILTERS[processor.resample];
    assumed.push(`resample ${resample}`);
    return { resample };
  }
  const resample =
    typeof value === 'number'
      ? FILTERS[value]
      : RESIZE_FILTERS.find((filter) => typeof value === 'string' && filter === value.toLowerCase());
  if (resample) return { resample };
  keys.gap('filter', `${shown('resample', value)}, which is none of Pillow's filters`);
  return {};
}

function valuesOf(reader: Reader): KnownPreprocessing {
  const { keys, name, processor } = reader;
  const rescales = keys.flag('do_rescale', true, 'values');
  const factor = keys.positive('rescale_factor', 1 / 255, 'values');
  const twice = processor?.dividesTwice ?? false;
  const offset = twice && rescales && keys.flag('rescale_offset', false, 'values') ? 1 : 0;
  const again = twice && keys.flag('include_top', true, 'values');
  let normalizes = keys.flag('do_normalize', processor?.normalizes ?? true, 'values');
  if (twice) keys.ignore(['rescale_offset']);
  if (normalizes && processor && !processor.normalizes) {
    keys.notes.push(`"do_normalize": true, which ${name} does not do`);
    normalizes = false;
  }
  // Means refer to rescaled pixels: here to values in [0, 1], which are pixels / 255.
  const unit = rescales ? 255 * factor : 255;
  const mean = readTriple(reader, 'image_mean', processor?.mean, normalizes);
  const std = readTriple(reader, 'image_std', processor?.std, normalizes || again);
  if ((normalizes && !mean) || ((normalizes || again) && !std)) return {};
  const shift = mean && normalizes ? mean : ([0, 0, 0] as const);
  const deviation = ([0, 1, 2] as const).map((channel) => {
    const own = std?.[channel] ?? 1;
    return (normalizes ? own : 1) * (again ? own : 1);
  });
  const scaled = ([first, second, third]: readonly number[]) =>
    [first / unit, second / unit, third / unit] as const;
  return { mean: scaled(shift.map((value) => value + offset)), std: scaled(deviation) };
}

function readTriple(
  { keys, assumed }: Reader,
  key: 'image_mean' | 'image_std',
  usual: readonly number[] | undefined,
  wanted: boolean,
): readonly [number, number, number] | undefined {
  const value = keys.value(key);
  if (!wanted) return undefined;
  if (value === undefined) {
    if (usual) assumed.push(`${key} ${usual.join(' ')}`);
    return usual && toTriple(usual);
  }
  const found = toTriple(value);
  if (found && (key === 'image_mean' || found.every((each) => each > 0))) return found;
  const expected = key === 'image_mean' ? 'numbers' : 'numbers above 0';
  keys.gap('values', `${shown(key, value)}, where one or three ${expected} are expected`);
  return undefined;
}

function channelsOf({ keys, processor }: Reader): KnownPreprocessing {
  const flips = keys.flag('do_flip_channel_order', processor?.flips ?? false, 'channels');
  if (!flips) return processor ? { channels: 'rgb' } : {};
  if (processor?.flips) return { channels: 'bgr' };
  keys.gap('channels', '"do_flip_channel_order": true, which other classes than MobileViT\'s do not know');
  return {};
}

/** Steps that are not known are refused, other keys named; of a class that is not known nothing may be left over. */
function nameTheRest({ keys, name, processor }: Reader, type: string | undefined): void {
  for (const [key, value] of keys.unread()) {
    const says = `${shown(key, value)}, which ${processor ? `${name} does not know` : 'is not understood here'}`;
    if (key === 'rescale_offset' || key === 'include_top') keys.gap('values', says);
    else if (key.startsWith('do_') && processor) keys.gap('size', says);
    else if (processor || type === undefined) keys.notes.push(`left out: ${shown(key, value)}`);
    else {
      const unknown = `${says}, and "image_processor_type": "${type}", whose steps are not known`;
      keys.gap('size', unknown);
      keys.gap('values', unknown);
    }
  }
  if (!processor && type !== undefined) {
    keys.notes.push(`its class ${type} is not known: read as most classes do`);
  }
}
