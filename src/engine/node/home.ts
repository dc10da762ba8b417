/** The folder of the user who runs this. */
import { homedir } from 'node:os';

/** @returns undefined for a user without one, as in containers that run under a bare number */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}
