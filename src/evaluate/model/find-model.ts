/** Which file a model is in, where a folder is given: that of a run, or one as HuggingFace and others keep models. */

import path from 'node:path';
import { UserError } from '../../errors.ts';
import { ifThere, readdir, statIfThere } from '../../files/fs.ts';
import { shellWord } from '../../run/command.ts';
import { isOwnRun, openRun } from '../../run/run.ts';
import { savedModel } from './file-kind.ts';

export interface FoundModel {
  /** The ONNX file. */
  readonly file: string;
  /** The folder of the run that it was given as. */
  readonly run?: string;
  /** What it is called, where the file's own name says nothing. */
  readonly name?: string;
  /** What was chosen, a line each. */
  readonly notes: readonly string[];
}

/** Folders of a model's folder in which ONNX files are looked for: its own, and that of HuggingFace's convention. */
const PLACES = ['', 'onnx'] as const;
const USUAL = 'model.onnx';

/**
 * @param given an ONNX file, the folder of a run, or another folder with an ONNX file in it or in its folder `onnx`:
 *   `model.onnx`, or the only one
 * @throws UserError when there is none, or several and no `model.onnx`
 */
export async function findModel(given: string): Promise<FoundModel> {
  const entry = await statIfThere(given);
  if (!entry) {
    throw new UserError(
      `${given}: expected an ONNX file or the folder of a run, found nothing there; check the path`,
    );
  }
  if (!entry.isDirectory()) return { file: given, notes: [] };
  if (await isOwnRun(given)) return { file: await modelOfRun(given), run: given, notes: [] };
  return modelOfFolder(given);
}

async function modelOfRun(run: string): Promise<string> {
  const { model } = await openRun(run);
  if (model) return model;
  throw new UserError(
    `${run}: expected a finished run with model.onnx, found one without; continue it with ` +
      `\`pushpull train --out ${run} --resume\`, or export its last checkpoint with ` +
      `\`pushpull export ${run} --out MODEL.onnx\` and evaluate that`,
  );
}

async function modelOfFolder(folder: string): Promise<FoundModel> {
  const found: string[] = [];
  for (const place of PLACES) {
    const names = (await ifThere(readdir(path.join(folder, place)))) ?? [];
    for (const name of names.sort()) if (/\.onnx$/i.test(name)) found.push(path.join(place, name));
  }
  const usual = PLACES.map((place) => path.join(place, USUAL)).find((name) => found.includes(name));
  const taken = usual ?? (found.length === 1 ? found[0] : undefined);
  if (taken === undefined) throw new UserError(await refusal(folder, found));
  const others = found.filter((name) => name !== taken);
  const called = path.basename(path.resolve(folder));
  const own = path.basename(taken).replace(/\.onnx$/i, '');
  return {
    file: path.join(folder, taken),
    name: taken === usual ? called : `${called} ${own}`,
    notes: [
      `${taken} of the folder${others.length > 0 ? `, which also has ${listed(others)}: give one of these files itself to measure it` : ''}`,
    ],
  };
}

/** Names that are shown at most. */
const SHOWN = 8;

function listed(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return more > 0 ? `${names.slice(0, SHOWN).join(', ')} and ${more} more` : names.join(', ');
}

async function refusal(folder: string, found: readonly string[]): Promise<string> {
  const expected = 'expected an ONNX file or the folder of a run';
  if (found.length > 1) {
    return (
      `${folder}: expected one ONNX file in the folder, or one that is called ${USUAL}, found ${found.length} ` +
      `(${listed(found)}); give one of them itself`
    );
  }
  const names = await readdir(folder);
  if (names.includes('saved_model.pb')) {
    const { found: kind, cure } = savedModel(folder);
    return `${folder}: ${expected}, found ${kind}; ${cure}`;
  }
  const weights = names.find((name) => /\.(safetensors|bin|pth?|ckpt)$/.test(name));
  if (weights !== undefined) {
    const shown = shellWord(path.join(folder, weights));
    return (
      `${folder}: ${expected}, found a folder of weights without an ONNX file; make a model of them with ` +
      `\`pushpull export --weights ${shown} --out MODEL.onnx\` where they are of a network of \`pushpull models\`, or export ` +
      `the network (HuggingFace's: \`optimum-cli export onnx --model ${shellWord(folder)} OUT\`)`
    );
  }
  return (
    `${folder}: ${expected}, found a folder without config.json and without an ONNX file; ` +
    'give the .onnx file itself, or the folder that `pushpull train --out` wrote'
  );
}
