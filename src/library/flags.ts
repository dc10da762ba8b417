/** The names of options for those who call functions: deeper layers name them as the command line does. */

/** By flags without their dashes. */
export type FlagNames = Readonly<Record<string, string>>;

/** Flags that are not an option's name in the command line's way of writing, whatever the function. */
const NAMES: FlagNames = {
  batch: 'batchSize',
  cache: 'cacheDir',
  'dry-run': 'previewModel',
  deterministic: 'fixedThreads',
  frost: 'frostDir',
  'max-lr': 'maxRate',
  'reestimate-bn': 'reestimate',
  stem: 'stem.kind',
  avg: 'stem.avg',
  alpha: 'stem.alpha',
};

/** How images are prepared for a model, beside its other options. */
export const PREPROCESSING_NAMES: FlagNames = Object.fromEntries(
  [
    ...[
      'input-size',
      'mean',
      'std',
      'layout',
      'channels',
      'scale',
      'output',
      'scores',
      'labels',
      'class-order',
    ],
    ...['resize', 'fit', 'resample', 'crop-rounding', 'fill'],
  ].map((flag) => [flag, `preprocessing.${camelCase(flag)}`]),
);

/** `--skip-bad` becomes `skipBad`, `--no-tf32` becomes `tf32: false`. */
export function withOptionNames(message: string, names: FlagNames = {}): string {
  return message.replace(
    /(?<![\w-])--(no-)?([a-z][a-z0-9-]*[a-z0-9])/g,
    (_, no: string | undefined, flag: string) => {
      const name = names[flag] ?? NAMES[flag] ?? camelCase(flag);
      return no === undefined ? name : `${name}: false`;
    },
  );
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
