/** How a model is read, on the command line: `--input-size`, `--mean`, `--layout`, `--labels` and the like. */
import type { Command } from 'commander';
import { UserError } from '../../errors.ts';
import { CROP_ROUNDINGS, FITS, sizeWord } from '../../evaluate/model/geometry.ts';
import { CLASS_ORDERS } from '../../evaluate/model/labels/class-order.ts';
import { CHANNELS, type PreprocessingFlags, SCORE_KINDS } from '../../evaluate/model/preprocessing.ts';
import { RESIZE_FILTERS } from '../../image/resize.ts';
import type { Size } from '../../models/card.ts';
import { choice, triple } from './options.ts';

/** Add the options to a command, and return it. */
export function addPreprocessingOptions(command: Command): Command {
  return command
    .optionsGroup('How the model wants its images (where its file does not say, or to overrule it):')
    .option('--input-size <n>', 'width and height in pixels, 224 or 320x240', pixels('--input-size'))
    .option(
      '--resize <n>',
      'short side before the centre crop; with another --fit, the size that it brings images to before they are cropped',
      resizeTo,
    )
    .option(
      '--fit <way>',
      'crop: the short side is resized to --resize (default: the input size), the middle cropped; squeeze: width and height ' +
        'are resized apart; pad: the whole image is fitted in, with a frame; crop-first: the middle is cropped (input size / ' +
        '--resize of the short side), then resized; crop-only: cropped, not resized; none: images have the size already',
      choice('--fit', FITS),
    )
    .option(
      '--resample <filter>',
      `filter that resizes: ${RESIZE_FILTERS.join(', ')} (default: bilinear)`,
      choice('--resample', RESIZE_FILTERS),
    )
    .option(
      '--crop-rounding <way>',
      'where half a pixel is left over, the crop begins at the even side (torchvision) or down (transformers)',
      choice('--crop-rounding', CROP_ROUNDINGS),
    )
    .option('--fill <r,g,b>', 'levels of a frame around the image, 0 to 255 (default: black)', levels)
    .option(
      '--mean <r,g,b>',
      'mean of each channel in the order of --channels, or one number',
      triple('--mean'),
    )
    .option('--std <r,g,b>', 'standard deviation of each channel, or one number', triple('--std'))
    .option(
      '--scale <range>',
      'pixel range that mean and std refer to: 0-1 or 0-255',
      choice('--scale', ['0-1', '0-255'] as const),
    )
    .option('--layout <layout>', 'NCHW or NHWC', choice('--layout', ['NCHW', 'NHWC'] as const))
    .option(
      '--channels <order>',
      'order of the channels: rgb, bgr (Caffe, OpenCV) or grey (default: as many as the model has, red first)',
      choice('--channels', CHANNELS),
    )
    .optionsGroup('What its outputs mean (where its file does not say, or to overrule it):')
    .option('--output <name>', 'output with the scores, where there are several')
    .option(
      '--scores <kind>',
      'logits or probabilities (default: seen from the graph and the scores of a few images)',
      choice('--scores', SCORE_KINDS),
    )
    .option(
      '--labels <file>',
      'class of each output: a name a line, or JSON such as ["cat", "dog"] or {"0": "cat"}; several outputs may share a class',
    )
    .option(
      '--class-order <order>',
      'order of the classes where nothing names them: data (default), text, number (2 before 10; of more outputs than classes the number of the output), number-1, number+1, letters, reverse, ilsvrc',
      choice('--class-order', CLASS_ORDERS),
    );
}

/** What the options say. */
export function toPreprocessing(flags: PreprocessingFlags): PreprocessingFlags {
  const { inputSize, mean, std, layout, channels, scale, output, scores, labels, classOrder } = flags;
  const { resize, fit, resample, cropRounding, fill } = flags;
  const geometry = { resize, fit, resample, cropRounding, fill };
  return { inputSize, mean, std, layout, channels, ...geometry, scale, output, scores, labels, classOrder };
}

/** The options again as they are typed, for a command that continues where this one ends. */
export function preprocessingWords(flags: PreprocessingFlags): string[] {
  const { inputSize: size, mean, std, layout, channels, resize, scale, output, scores, labels } = flags;
  const { fit, resample, cropRounding, fill } = flags;
  const given: [option: string, value: string | number | undefined][] = [
    ['--input-size', size && sizeWord(size)],
    ['--resize', resize && sizeWord(resize)],
    ['--fit', fit],
    ['--resample', resample],
    ['--crop-rounding', cropRounding],
    ['--fill', fill?.join(',')],
    ['--mean', mean?.join(',')],
    ['--std', std?.join(',')],
    ['--scale', scale],
    ['--layout', layout],
    ['--channels', channels],
    ['--output', output],
    ['--scores', scores],
    ['--labels', labels],
    ['--class-order', flags.classOrder],
  ];
  return given.flatMap(([option, value]) => (value === undefined ? [] : [option, String(value)]));
}

function pixels(option: string): (text: string) => Size {
  return (text) => {
    const match = /^([1-9]\d*)(?:x([1-9]\d*))?$/.exec(text);
    if (!match) {
      throw new UserError(
        `${option}: expected pixels such as 224, or width x height such as 320x240, found "${text}"`,
      );
    }
    return { width: Number(match[1]), height: Number(match[2] ?? match[1]) };
  };
}

/** A square is a side: `256x256` is 256. */
function resizeTo(text: string): number | Size {
  const size = pixels('--resize')(text);
  return size.width === size.height ? size.width : size;
}

function levels(text: string): readonly [number, number, number] {
  const values = triple('--fill')(text);
  if (values.every((level) => Number.isInteger(level) && level >= 0 && level <= 255)) return values;
  throw new UserError(
    `--fill: expected one or three levels from 0 to 255 such as 124,116,104, found "${text}"`,
  );
}
