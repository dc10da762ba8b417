/** Packs what `npm run build` made and asks publint and attw whether Node, bundlers and TypeScript find all that it exports. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pushpull-package-'));

/** @param {string} command @param {...string} args */
function run(command, ...args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  return status === 0;
}

/** What went well is not worth a line. @param {string} command @param {...string} args */
function ask(command, ...args) {
  const { status, stdout, stderr } = spawnSync('npx', ['--no-install', command, ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) console.error(`${command}\n${stdout}${stderr}`);
  return status === 0;
}

try {
  if (!existsSync(join(root, 'dist', 'index.js')) && !run('npm', 'run', '-s', 'build')) process.exit(1);
  if (!run('npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder)) process.exit(1);
  const [archive] = readdirSync(folder).map((name) => join(folder, name));
  const answers = [
    ask('publint', archive, '--strict'),
    ask('attw', archive, '--profile', 'esm-only', '--no-color'),
  ];
  process.exitCode = answers.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
