/** Columns of a table that stand together. */

interface Grouped {
  /** Columns side by side with the same group stand under one heading; absent or empty: under none. */
  readonly group?: string;
}

/** Columns side by side of the same group, by their indices. */
export function columnGroups(columns: readonly Grouped[]): { group: string; indices: number[] }[] {
  const runs: { group: string; indices: number[] }[] = [];
  for (const [index, { group = '' }] of columns.entries()) {
    const last = runs.at(-1);
    if (last?.group === group) last.indices.push(index);
    else runs.push({ group, indices: [index] });
  }
  return runs;
}

/** Whether a column is the first of a group, before which there is room. */
export function opensGroup(columns: readonly Grouped[], index: number): boolean {
  const { group = '' } = columns[index]!;
  return group !== '' && group !== columns[index - 1]?.group;
}
