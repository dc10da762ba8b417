/** From weights of any origin to weights of a network. */
import { UserError } from '../errors.ts';
import type { ImageModel } from '../models/registry.ts';
import { BlurPool2d, type Module } from '../nn/index.ts';
import { type FittedWeights, fitWeights } from './fit.ts';
import type { WeightsSource } from './source.ts';

/**
 * The weights of a source as those of a network.
 *
 * @param newClassifier Start the classifier anew; undefined where that is not on offer.
 * @throws UserError that lists all that does not fit, and for weights that fit by name but belong to a network that
 *   computes something else
 */
export function loadWeights(
  source: WeightsSource,
  model: ImageModel,
  newClassifier?: boolean,
): FittedWeights {
  checkBlurs(source, model);
  const { file, dialect, stem, tensors } = source;
  const fitted = fitWeights(tensors, model, { file, names: dialect.name, stem, newClassifier });
  const caveat = dialect.caveats?.[model.config.model];
  const notes = [...source.notes, ...fitted.notes, ...blurNotes(source, model)];
  return { ...fitted, notes: caveat === undefined ? notes : [...notes, caveat] };
}

/** Blurs have no parameters, so names and filters must tell whether two networks are the same. */
function checkBlurs({ file, dialect, blurs }: WeightsSource, { config, module }: ImageModel): void {
  const { antialias = 'none' } = config;
  if (dialect.antialias !== undefined && dialect.antialias !== antialias) {
    throw new UserError(
      `${file}: expected weights of a network with --antialias ${antialias}, found one of ${dialect.name}. ` +
        `Add --antialias ${dialect.antialias}.`,
    );
  }
  const own = new Set(blurSizes(module));
  for (const [name, { shape }] of blurs) {
    const size = shape.at(-1) ?? 1;
    // Of size 1 it only takes every other place.
    if (own.size > 0 && size > 1 && !own.has(size)) {
      throw new UserError(
        `${file}: expected blurs of ${[...own].join(' or ')} places, found ${size} ('${name}'). ` +
          'The weights were trained with another filter; train from others.',
      );
    }
  }
  if (antialias === 'blurconv1' && blurs.has('maxpool.1.filt') && !blurs.has('maxpool.0.filt')) {
    throw new UserError(
      `${file}: expected a first convolution of stride 1 with a blur behind it, found the variant of antialiased-cnns ` +
        'whose first convolution has stride 2 (pool_only). Its weights would compute something else here.',
    );
  }
}

function blurNotes({ blurs, card }: WeightsSource, { config }: ImageModel): string[] {
  const { antialias = 'none' } = config;
  const before = card?.config.antialias;
  const notes: string[] = [];
  if (card !== undefined && (before ?? 'none') !== antialias) {
    notes.push(`the file's network had --antialias ${before ?? 'none'}, this one has ${antialias}`);
  }
  // Behind convolutions of stride 1, in blocks that are not the first of their stage.
  const always = [...blurs].some(
    ([name, { shape }]) => /^layer\d\.[1-9]/.test(name) && (shape.at(-1) ?? 1) > 1,
  );
  if (always) {
    notes.push(
      'the file has blurs behind convolutions of stride 1 too, which this network has not: answers differ',
    );
  }
  return notes;
}

function* blurSizes(module: Module): Generator<number> {
  for (const value of Object.values(module)) if (value instanceof BlurPool2d) yield value.filterSize;
  for (const [, child] of module.children()) yield* blurSizes(child);
}
