import { readFile } from '../../data/fs.ts';

/**
 * The page's scripts. They are plain JavaScript files beside this one, checked with the browser's types
 * (tsconfig.page.json), and go into the page as they are. Without them the page shows the same figures.
 */

/** In the order in which they run: tables first, as cells become reachable by keyboard in the order they then have. */
const SCRIPTS = ['tables', 'tips', 'print'] as const;

/** All scripts as elements. A module each, so that they share no names and wait for the page to be read. */
export async function pageScripts(): Promise<string> {
  const elements = await Promise.all(
    SCRIPTS.map(async (name) => {
      const text = await readFile(new URL(`./client/${name}.js`, import.meta.url), 'utf8');
      return `<script type="module">\n${text.trim()}\n</script>`;
    }),
  );
  return elements.join('\n');
}
