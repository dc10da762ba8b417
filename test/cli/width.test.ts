import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';

const COLUMNS = 80;
const SCRIPT = fileURLToPath(new URL('width-commands.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

it('prints nothing on a terminal of 80 columns that is longer than a line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'w-'));
  try {
    const shell = `stty cols ${COLUMNS} rows 40; '${process.execPath}' --import '${TSX}' '${SCRIPT}' '${folder}'`;
    // A pseudo-terminal by util-linux, which every Debian has.
    const printed = execFileSync('script', ['-qec', shell, '/dev/null'], {
      encoding: 'utf8',
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NO_COLOR|CI)$/.test(name))),
      maxBuffer: 1 << 26,
    });
    let command = '';
    const long: string[] = [];
    // A bar is drawn again from the first column, which the cursor is moved to.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what moves it starts with the escape character
    const lines = stripVTControlCharacters(printed.replace(/\u001b\[\d*G/g, '\n')).split(/[\r\n]+/);
    for (const line of lines) {
      if (line.startsWith('@@')) command = line;
      else if ([...line].length > COLUMNS) long.push(`${command}: ${line}`);
    }
    expect(printed.match(/@@ failed.*/g)).toBeNull();
    expect(long).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
