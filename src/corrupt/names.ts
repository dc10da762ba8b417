/** The corruptions that the benchmark counts, in its order. */
export const BENCHMARK_CORRUPTIONS = [
  'gaussian_noise',
  'shot_noise',
  'impulse_noise',
  'defocus_blur',
  'glass_blur',
  'motion_blur',
  'zoom_blur',
  'snow',
  'frost',
  'fog',
  'brightness',
  'contrast',
  'elastic_transform',
  'pixelate',
  'jpeg_compression',
] as const;

/** Four more, meant for choosing hyperparameters without touching the benchmark. */
export const EXTRA_CORRUPTIONS = ['speckle_noise', 'gaussian_blur', 'spatter', 'saturate'] as const;

/** All 19. */
export const CORRUPTIONS = [...BENCHMARK_CORRUPTIONS, ...EXTRA_CORRUPTIONS] as const;

export type CorruptionName = (typeof CORRUPTIONS)[number];

/** Whose strengths: CIFAR-10-C or ImageNet-C. */
export type ParameterSet = 'cifar' | 'imagenet';
export const PARAMETER_SETS: readonly ParameterSet[] = ['cifar', 'imagenet'];

/** 1 is mild, 5 is worst. */
export type Severity = 1 | 2 | 3 | 4 | 5;
export const SEVERITIES: readonly Severity[] = [1, 2, 3, 4, 5];

/** The groups of Hendrycks & Dietterich 2019. */
export const CORRUPTION_GROUPS = {
  noise: ['gaussian_noise', 'shot_noise', 'impulse_noise'],
  blur: ['defocus_blur', 'glass_blur', 'motion_blur', 'zoom_blur'],
  weather: ['snow', 'frost', 'fog', 'brightness'],
  digital: ['contrast', 'elastic_transform', 'pixelate', 'jpeg_compression'],
  extra: EXTRA_CORRUPTIONS,
} as const satisfies Record<string, readonly CorruptionName[]>;

/** The benchmark by the frequencies it touches (PushPull-Net paper, Sec. 5.3). */
export const FREQUENCY_GROUPS = {
  low: ['frost', 'fog', 'brightness', 'contrast'],
  mid: ['glass_blur', 'motion_blur', 'zoom_blur', 'snow', 'elastic_transform'],
  high: ['gaussian_noise', 'shot_noise', 'impulse_noise', 'defocus_blur', 'pixelate', 'jpeg_compression'],
} as const satisfies Record<string, readonly CorruptionName[]>;
