import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** A Python that has torch: of PUSHPULL_TORCH, of the environment that is active, or on the path. */
export function pythonWithTorch(): string | undefined {
  const { PUSHPULL_TORCH, VIRTUAL_ENV, CONDA_PREFIX } = process.env;
  const environments = [PUSHPULL_TORCH, VIRTUAL_ENV, CONDA_PREFIX].filter((folder) => folder !== undefined);
  return [...environments.map((folder) => path.join(folder, 'bin', 'python')), 'python3', 'python'].find(
    hasTorch,
  );
}

/** Whether a Python finds torch; importing it, which takes seconds, is left to those who need it. */
function hasTorch(python: string): boolean {
  const found = 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)';
  return spawnSync(python, ['-c', found], { stdio: 'ignore' }).status === 0;
}
