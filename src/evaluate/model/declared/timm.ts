/** `config.json` of timm's, done as its `create_transform` does it for testing. */
import { roundHalfToEven } from '../../../augment/crop.ts';
import { RESIZE_FILTERS, type ResizeFilter } from '../../../image/resize.ts';
import type { Size } from '../../../models/card.ts';
import { type DeclaredPreprocessing, type KnownPreprocessing, toTriple } from './declared.ts';
import { isLength, isRecord, Keys, shown } from './keys.ts';

/** About weights, classes and where they come from. */
const WITHOUT_BEARING = [
  ...[
    'url',
    'file',
    'state_dict',
    'hf_hub_id',
    'hf_hub_filename',
    'source',
    'architecture',
    'tag',
    'custom_load',
  ],
  ...['num_classes', 'label_offset', 'label_names', 'label_descriptions', 'pool_size', 'test_pool_size'],
  ...['first_conv', 'classifier', 'license', 'description', 'origin_url', 'paper_name', 'paper_ids', 'notes'],
  ...[
    'min_input_size',
    'fixed_input_size',
    'global_pool',
    'num_features',
    'model_args',
    'pretrained_cfg',
    'labels',
  ],
  ...['parent', 'finetune', 'library_name', 'model_type', 'torch_dtype', 'dtype', 'transformers_version'],
  ...['architectures', 'id2label', 'label2id', 'problem_type', 'do_pooling', 'initializer_range'],
];

const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

interface Crop {
  readonly fraction: number;
  readonly mode: 'center' | 'squash' | 'border';
  readonly filter: ResizeFilter;
  /** Levels of a border. */
  readonly fill: readonly [number, number, number];
}

/**
 * Whether a `config.json` is timm's, and where in it the preparation stands: in `pretrained_cfg`, or between the other
 * keys as in files of earlier versions.
 */
export function timmConfig(value: unknown): Record<string, unknown> | undefined {
  if (!isRecord(value)) return undefined;
  if (isRecord(value.pretrained_cfg)) return value.pretrained_cfg;
  const early = typeof value.architecture === 'string' && ('input_size' in value || 'mean' in value);
  return early ? value : undefined;
}

/** How timm's configuration says that images are prepared. */
export function readTimm(config: Readonly<Record<string, unknown>>, file: string): DeclaredPreprocessing {
  const keys = new Keys(config);
  keys.ignore(WITHOUT_BEARING);
  const assumed: string[] = [];
  const values = {
    mean: readValues(keys, 'mean', assumed),
    std: readValues(keys, 'std', assumed),
  };
  const size = readSize(keys, 'input_size') ?? { width: 224, height: 224 };
  if (keys.value('input_size') === undefined) assumed.push('input_size 224');
  const test = readSize(keys, 'test_input_size');
  const fraction = keys.positive('crop_pct', 0.875, 'size');
  if (keys.value('crop_pct') === undefined) assumed.push('crop_pct 0.875');
  const testFraction = keys.positive('test_crop_pct', fraction, 'size');
  const crop = {
    ...{ fraction, mode: readMode(keys), filter: readFilter(keys, assumed) },
    fill: levels(values.mean ?? [0, 0, 0]),
  };
  for (const [key, value] of keys.unread()) keys.notes.push(`left out: ${shown(key, value)}`);
  const known = keys.gaps.some(({ about }) => about === 'size') ? {} : { ...size, ...geometry(size, crop) };
  return {
    known: {
      ...known,
      channels: 'rgb',
      ...(values.mean && { mean: values.mean }),
      ...(values.std && { std: values.std }),
    },
    source: `${file} (timm)`,
    notes: [
      ...(assumed.length > 0 ? [`not told there, so as timm: ${assumed.join(', ')}`] : []),
      ...keys.notes,
    ],
    gaps: keys.gaps,
    at: (own) => {
      const tested = test && own.width === test.width && own.height === test.height;
      return geometry(own, tested ? { ...crop, fraction: testFraction } : crop);
    },
  };
}

function geometry(size: Size, { fraction, mode, filter, fill }: Crop): KnownPreprocessing {
  const width = Math.floor(size.width / fraction);
  const height = Math.floor(size.height / fraction);
  const resize = width === height ? width : { width, height };
  if (mode === 'squash') return { resize, fit: 'squeeze', resample: filter };
  if (mode === 'border') return { resize, fit: 'pad', resample: filter, fill };
  return { resize, resample: filter };
}

function levels(mean: readonly number[]): readonly [number, number, number] {
  const [red, green, blue] = mean.map((value) => roundHalfToEven(255 * value));
  return [red, green, blue];
}

function readValues(keys: Keys, key: 'mean' | 'std', assumed: string[]) {
  const value = keys.value(key);
  if (value === undefined) {
    assumed.push(`${key} ${IMAGENET[key].join(' ')}`);
    return toTriple(IMAGENET[key]);
  }
  const found = toTriple(value);
  if (found && (key === 'mean' || found.every((each) => each > 0))) return found;
  keys.gap('values', `${shown(key, value)}, where one or three numbers are expected`);
  return undefined;
}

/** Channels, height and width. */
function readSize(keys: Keys, key: 'input_size' | 'test_input_size'): Size | undefined {
  const value = keys.value(key);
  if (value === undefined) return undefined;
  const [, height, width] = Array.isArray(value) && value.length === 3 ? (value as unknown[]) : [];
  if (isLength(height) && isLength(width)) return { width, height };
  keys.gap('size', `${shown(key, value)}, where channels, height and width are expected`);
  return undefined;
}

function readMode(keys: Keys): Crop['mode'] {
  const value = keys.value('crop_mode') ?? 'center';
  if (value === 'center' || value === 'squash' || value === 'border') return value;
  keys.gap('size', `${shown('crop_mode', value)}, which is none of center, squash and border`);
  return 'center';
}

function readFilter(keys: Keys, assumed: string[]): ResizeFilter {
  const value = keys.value('interpolation');
  if (value === undefined) {
    assumed.push('interpolation bicubic');
    return 'bicubic';
  }
  const found = RESIZE_FILTERS.find((filter) => filter === value);
  if (!found) keys.gap('filter', `${shown('interpolation', value)}, which is no single filter`);
  return found ?? 'bilinear';
}
