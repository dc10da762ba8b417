/** How the data at a path is to be read: `--split`, `--labels-csv` and `--label`; and how it was. */
import type { Command } from 'commander';
import type { DatasetReading } from '../../data/contents.ts';
import { withWishes } from '../../data/formats/spec.ts';

export interface DataFlags {
  split?: string;
  labelsCsv?: string;
  label?: string;
}

/** Add the options of data that is measured to a command, and return it. */
export function addDataOptions(command: Command): Command {
  return addLabelOptions(
    command.option(
      '--split <name>',
      'folder or split of --data to measure, such as val (default: test, else val)',
    ),
  );
}

/** Add the options of where labels are to a command, and return it. */
export function addLabelOptions(command: Command): Command {
  return command
    .option('--labels-csv <file>', 'the labels of --data: a table with the columns image and label')
    .option('--label <column>', 'column of the labels in a table, or for CIFAR-100 fine or coarse');
}

/** What `--data` says, and the other options with it. */
export function toDataSpec(data: string, { split, labelsCsv, label }: DataFlags): string {
  return withWishes(data, { split, csv: labelsCsv, label });
}

/** How data was understood, as lines of a command. */
export function dataFacts({ readAs, notes }: DatasetReading): [name: string, text: string][] {
  return [['read as', readAs], ...notes.map((note): [string, string] => ['', note])];
}
