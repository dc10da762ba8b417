/** Reading JSON that others wrote. Portable. */

/** What people write has a dozen levels; what goes over it by levels would overflow the stack after some thousands. */
const MOST_LEVELS = 500;

/**
 * The value that a text stands for.
 *
 * @throws SyntaxError whose message says in a few words what is wrong: a mistake, or lists in lists beyond all measure
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (text.length > 2 * MOST_LEVELS && isDeep(value)) {
    throw new SyntaxError(`lists or objects in each other, more than ${MOST_LEVELS} levels deep`);
  }
  return value;
}

function isDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_LEVELS) return true;
    const next: unknown[] = [];
    for (const each of level) {
      if (typeof each !== 'object' || each === null) continue;
      for (const child of Array.isArray(each) ? (each as unknown[]) : Object.values(each)) {
        if (typeof child === 'object' && child !== null) next.push(child);
      }
    }
    level = next;
  }
  return false;
}
