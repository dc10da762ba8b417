/** What may follow a path of data: `FOLDER?split=valid`, `FOLDER?csv=/data/labels.csv`, `FILE.parquet?label=coarse`. */
import path from 'node:path';
import { UserError } from '../../errors.ts';
import type { Split } from '../contents.ts';

/** What is wanted of a data set. */
export interface ReadingRequest {
  readonly split: Split;
  /** Name of the split that is measured. Default: `test`, else `val` and its like. */
  readonly asked?: string;
  /** Table with the labels. Default: what lies beside the images. */
  readonly csv?: string;
  /** Column of the labels; of CIFAR-100 `fine` or `coarse`. */
  readonly label?: string;
  /** The classes do not matter: pictures without any will do. */
  readonly unlabelled?: boolean;
  readonly cacheDir?: string;
}

/** How data at a path is to be read, where that is not left open. */
export interface ReadingWishes {
  /** Name of the split that is measured. */
  readonly split?: string;
  /** Table with the labels: CSV or JSON lines. */
  readonly csv?: string;
  /** Column of the labels; of CIFAR-100 `fine` or `coarse`. */
  readonly label?: string;
}

export const WISHES = ['split', 'csv', 'label'] as const satisfies readonly (keyof ReadingWishes)[];

/** The path in a specification, and what follows it. A question mark of another kind belongs to the path. */
export function parseWishes(spec: string): { readonly path: string; readonly wishes: ReadingWishes } {
  const match = /^(.*)\?((?:split|csv|label)=.*)$/s.exec(spec);
  if (!match) return { path: spec, wishes: {} };
  const wishes: Partial<Record<(typeof WISHES)[number], string>> = {};
  for (const part of match[2].split('&')) {
    const [, name, value] = /^(\w+)=(.+)$/s.exec(part) ?? [];
    const known = WISHES.find((wish) => wish === name);
    if (known === undefined) {
      throw new UserError(
        `${spec}: expected PATH?split=NAME, ?csv=FILE or ?label=COLUMN with & between them, found "${part}"`,
      );
    }
    wishes[known] = value.replace(/%(25|26)/g, (code) => decodeURIComponent(code));
  }
  return { path: match[1], wishes };
}

/** The specification that says both, with absolute paths where it names a table. */
export function withWishes(spec: string, wishes: ReadingWishes): string {
  const { path: place, wishes: earlier } = parseWishes(spec);
  const all: ReadingWishes = { ...earlier, ...wishes };
  const parts = WISHES.flatMap((name) => {
    const value = all[name];
    if (value === undefined) return [];
    const text = name === 'csv' ? path.resolve(value) : value;
    return [`${name}=${text.replace(/[%&]/g, encodeURIComponent)}`];
  });
  return parts.length === 0 ? place : `${place}?${parts.join('&')}`;
}
