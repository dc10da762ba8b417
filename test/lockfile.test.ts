import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Entry {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, Entry>>;
};

// npm leaves out of the lockfile what its registry did not serve that day, and `npm ci` then refuses to install.
test('the lockfile lists the packages of every platform', () => {
  const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter(
        (name) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${path}/node_modules/${name}`],
      )
      .map((name) => `${name} of ${path}`),
  );
  expect(missing).toEqual([]);
});

test('the lockfile names no registry', () => {
  expect(JSON.stringify(lock)).not.toMatch(/"resolved":"http/);
});
