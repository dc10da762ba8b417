import { access } from 'node:fs/promises';
import { type Browser, chromium } from 'playwright-core';

/** Where Debian puts it; PUSHPULL_CHROMIUM names another. */
const EXECUTABLE = process.env.PUSHPULL_CHROMIUM ?? '/usr/bin/chromium';

/**
 * A headless Chromium, or undefined where there is none. With PUSHPULL_REQUIRE_CHROMIUM set, as in CI, a machine
 * without it is an error, so that the tests cannot silently stay out.
 */
export async function openChromium(): Promise<Browser | undefined> {
  try {
    await access(EXECUTABLE);
  } catch (error) {
    if (process.env.PUSHPULL_REQUIRE_CHROMIUM) throw error;
    console.warn(`left out: no Chromium at ${EXECUTABLE}; name one with PUSHPULL_CHROMIUM`);
    return undefined;
  }
  // No sandbox: containers run as root. No GPU: pictures are the same everywhere.
  return await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-gpu'] });
}
