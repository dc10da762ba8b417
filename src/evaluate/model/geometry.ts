/** How pictures come to a model's input size: as options tell it, as steps of the loader, and in words. */
import type { Preparation } from '../../data/loader/prepared.ts';
import { UserError } from '../../errors.ts';
import type { ResizeFilter } from '../../image/resize.ts';
import type { Fit, Geometry, Size, Triple } from '../../models/card.ts';

/** What `--fit` may say: `none` leaves pictures as they are, `crop` resizes the short side and crops the middle. */
export const FITS = [
  'crop',
  'squeeze',
  'pad',
  'crop-first',
  'crop-only',
  'none',
] as const satisfies readonly (Fit | 'crop' | 'none')[];
export const CROP_ROUNDINGS = ['even', 'down'] as const;

/** Each overrules what a card or a configuration says. */
export interface GeometryFlags {
  /** Short side before the centre crop, in pixels; see `Geometry.resize` for what it is with another fit. */
  readonly resize?: number | Size;
  readonly fit?: (typeof FITS)[number];
  readonly resample?: ResizeFilter;
  readonly cropRounding?: (typeof CROP_ROUNDINGS)[number];
  readonly fill?: Triple;
}

/** Without the size. */
type Way = Omit<Geometry, 'width' | 'height'>;

/**
 * A geometry for a model's size.
 *
 * @param known from a card or a configuration, for that size
 * @throws UserError where options contradict each other
 */
export function resolveGeometry(size: Size, known: Partial<Way>, flags: GeometryFlags): Geometry {
  const base: Way = { ...known, resize: known.resize ?? null };
  const way = overruled(size, base, flags);
  checkFlags(size, way, flags);
  const { resize, fit } = way;
  if (isLeft(way)) return { width: size.width, height: size.height, resize: null };
  const sameSize = fit === 'squeeze' && resize !== null && same(boxOf(resize), size);
  const cuts = fit !== 'pad' && !(fit === 'squeeze' && (sameSize || resize === null));
  const { resample, cropRounding, fill } = way;
  return {
    ...{ width: size.width, height: size.height, resize: sameSize ? null : resize },
    ...(fit && { fit }),
    ...(resample && resample !== 'bilinear' && fit !== 'crop-only' && { resample }),
    ...(cropRounding && cuts && { cropRounding }),
    ...(fill?.some((level) => level !== 0) && { fill }),
  };
}

function overruled(size: Size, base: Way, flags: GeometryFlags): Way {
  const { resample = base.resample, fill = base.fill } = flags;
  const cropRounding = flags.cropRounding
    ? flags.cropRounding === 'down'
      ? 'down'
      : undefined
    : base.cropRounding;
  const filters = { resample, fill, cropRounding };
  if (flags.fit === undefined) {
    const fit = flags.resize !== undefined && base.fit === 'crop-only' ? undefined : base.fit;
    return { ...filters, resize: flags.resize ?? base.resize, fit };
  }
  if (flags.fit === 'none') return { ...filters, resize: null };
  const fit = flags.fit === 'crop' ? undefined : flags.fit;
  const resize = flags.resize ?? (base.fit === fit ? base.resize : null);
  if (fit !== undefined) return { ...filters, resize, fit };
  return { ...filters, resize: resize ?? (size.width === size.height ? size.width : size) };
}

function checkFlags(size: Size, way: Way, flags: GeometryFlags): void {
  const least = Math.max(size.width, size.height);
  if (way.fit === undefined && flags.resize !== undefined && flags.fit !== 'none') {
    const small =
      typeof flags.resize === 'number'
        ? flags.resize < least
        : flags.resize.width < size.width || flags.resize.height < size.height;
    if (small) {
      throw new UserError(
        `--resize: expected at least the model's input size ${sizeWord(size)}, found ${sizeWord(flags.resize)}; ` +
          'the picture is resized to it before the centre crop',
      );
    }
  }
  const idle =
    flags.fit === 'none' || flags.fit === 'crop-only'
      ? flags.resize !== undefined || flags.resample !== undefined
      : isLeft(way) && (flags.resample ?? flags.cropRounding ?? flags.fill) !== undefined;
  if (!idle) return;
  const given = [
    flags.resize !== undefined && '--resize',
    flags.resample !== undefined && '--resample',
    flags.cropRounding !== undefined && '--crop-rounding',
    flags.fill !== undefined && '--fill',
  ].filter((option) => option !== false);
  throw new UserError(
    `${given.join(', ')}: expected pictures that are resized, found ${flags.fit ? `--fit ${flags.fit}, which resizes none` : 'neither --resize nor --fit'}; ` +
      `${flags.fit ? `leave ${given.length === 1 ? 'it' : 'them'} out, or pass another --fit` : 'pass one of them'}`,
  );
}

function isLeft({ resize, fit }: Way): boolean {
  return resize === null && fit === undefined;
}

/** The geometry of pictures that have the model's size already. */
export function asTheyAre<T extends Geometry>(geometry: T): T {
  const { fit: _, resample: __, cropRounding: ___, fill: ____, ...rest } = geometry;
  return { ...rest, resize: null } as T;
}

/** Whether pictures have to have the model's size already. */
export function needsExactSize(geometry: Geometry): boolean {
  return isLeft(geometry);
}

/** The loader's steps to the model's size. */
export function sizeTransforms(geometry: Geometry): Preparation[] {
  if (isLeft(geometry)) return [];
  const { width, height, resize, fit, resample, cropRounding, fill } = geometry;
  const usual = !fit && !resample && !cropRounding && !fill && width === height;
  if (usual && typeof resize === 'number') {
    return [
      { kind: 'resize', shortSide: resize },
      { kind: 'centerCrop', size: width },
    ];
  }
  return [{ kind: 'fit', width, height, resize, fit, resample, cropRounding, fill }];
}

/** What is done to a picture, for people. */
export function describeGeometry(geometry: Geometry): string {
  if (isLeft(geometry)) return 'as they are';
  const { resize, fit, resample = 'bilinear', cropRounding, fill } = geometry;
  const box = resize === null ? undefined : sizeWord(boxOf(resize));
  const cropped = `centre cropped${cropRounding === 'down' ? ' (half a pixel rounded down)' : ''}`;
  const frame = fill ? `a frame of ${fill.join(' ')}` : 'a black frame';
  switch (fit) {
    case 'squeeze':
      return box === undefined
        ? `squeezed to it (${resample})`
        : `squeezed to ${box} (${resample}), ${cropped}`;
    case 'pad':
      return box === undefined
        ? `fitted into it (${resample}) in ${frame}`
        : `fitted into ${box} (${resample}), centre cropped or in ${frame}`;
    case 'crop-first':
      return `${cropped} to ${resize === null ? 'the short side' : `${sizeWord(geometry)} / ${box} of the short side`}, then resized (${resample})`;
    case 'crop-only':
      return `${cropped}, not resized`;
    default:
      return typeof resize === 'number'
        ? `short side to ${resize} (${resample}), ${cropped}`
        : `resized to cover ${box} (${resample}), ${cropped}`;
  }
}

/** The options that say the same, as they are typed; null for one that need not be given. */
export function geometryWords(geometry: Geometry): [option: string, value: string | number | null][] {
  const { resize, fit, resample, cropRounding, fill } = geometry;
  return [
    ['--resize', resize === null ? null : sizeWord(resize)],
    ['--fit', fit ?? null],
    ['--resample', resample ?? null],
    ['--crop-rounding', cropRounding ?? null],
    ['--fill', fill ? fill.join(',') : null],
  ];
}

/** As `--resize` and `--input-size` take it. */
export function sizeWord(size: number | Size): string {
  if (typeof size === 'number') return String(size);
  return size.width === size.height ? String(size.width) : `${size.width}x${size.height}`;
}

function boxOf(size: number | Size): Size {
  return typeof size === 'number' ? { width: size, height: size } : size;
}

function same(one: Size, other: Size): boolean {
  return one.width === other.width && one.height === other.height;
}
