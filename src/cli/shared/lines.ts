/** Lines that fit a terminal: text is broken at spaces before the terminal breaks it anywhere. */
import pc from 'picocolors';
import { wrapText } from '../../report/format.ts';

/** Narrower terminals get lines of this length. */
const NARROWEST = 80;

/** Columns for a table on standard output: those of the terminal, 80 at least; 100 where output goes elsewhere. */
export function terminalWidth(): number {
  return Math.max(NARROWEST, process.stdout.columns ?? 100);
}

/** Columns for text on a stream; what is no terminal breaks no lines, and neither do we, so that logs can be searched. */
function textWidth({ isTTY, columns }: NodeJS.WriteStream): number {
  return isTTY ? Math.max(NARROWEST, columns ?? NARROWEST) : Number.POSITIVE_INFINITY;
}

/** Text that begins `indent` columns from the left, in lines that fit the stream; all but the first begin with so many spaces. */
export function fitted(text: string, stream: NodeJS.WriteStream, indent = 0): string[] {
  const lines = wrapText(text, textWidth(stream) - indent);
  return lines.map((line, index) => (index === 0 ? line : `${' '.repeat(indent)}${line}`));
}

/**
 * A remark behind what stands in columns: beside it where there is room, in lines of its own below where there is not.
 *
 * @param indent of the lines below
 */
export function beside(left: string, remark: string, width: number, indent: number): string[] {
  const room = width - left.length;
  if (remark.length <= room) return [`${left}${pc.dim(remark)}`];
  if (room >= LEAST_BESIDE) {
    const [first, ...rest] = wrapText(remark, room);
    return [`${left}${pc.dim(first!)}`, ...rest.map((line) => pc.dim(`${' '.repeat(left.length)}${line}`))];
  }
  const lines = wrapText(remark, width - indent).map((line) => pc.dim(`${' '.repeat(indent)}${line}`));
  return [left.trimEnd(), ...lines];
}

/** Narrower columns of text are hard to read. */
const LEAST_BESIDE = 30;

/** Print a note on standard error. */
export function note(text: string): void {
  for (const line of fitted(`note: ${text}`, process.stderr)) console.error(pc.dim(line));
}

/** Print names and values in two columns on standard error. */
export function facts(rows: readonly (readonly [name: string, value: string])[]): void {
  const indent = 12;
  for (const [name, value] of rows) {
    const width = textWidth(process.stderr) - indent;
    const lines = wrapText(value, width);
    console.error(`${pc.dim(name.padEnd(indent))}${lines.join(`\n${' '.repeat(indent)}`)}`);
  }
}

/**
 * A command's help with its prose and its examples broken to fit: prose at spaces, a command before an option, with the
 * backslash that lets it be pasted as it stands.
 *
 * @param text prose, blank lines, and lines that begin with `$` after spaces; `\` at a line's end joins it with the next
 */
export function fitHelp(text: string, width: number): string {
  const joined = text.replace(/ *\\\n\s*/g, ' ');
  const blocks: string[] = [];
  for (const line of joined.split('\n')) {
    const previous = blocks.at(-1);
    const continues = /^\S/.test(line) && previous !== undefined && /^\S/.test(previous);
    if (continues) blocks[blocks.length - 1] = `${previous} ${line}`;
    else blocks.push(line);
  }
  return blocks.flatMap((block) => fitBlock(block, width)).join('\n');
}

function fitBlock(block: string, width: number): string[] {
  const [, indent, command] = /^(\s*)(\$ .*)$/.exec(block) ?? [];
  if (command === undefined) {
    const lead = /^\s*/.exec(block)![0];
    return wrapText(block.trim(), width - lead.length).map((line) => lead + line);
  }
  // An option stays with its value; a remark behind the command goes onto a line of its own where there is no room.
  const [bare, remark] = command.split(/\s{3,}/);
  if (indent!.length + command.length <= width) return [block];
  const parts = bare!.split(/ (?=--)/);
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && indent!.length + last.length + part.length + 3 <= width) {
      lines[lines.length - 1] = `${last} ${part}`;
    } else lines.push(lines.length === 0 ? part : `    ${part}`);
  }
  const broken = lines.map((line, index) => `${indent}${line}${index < lines.length - 1 ? ' \\' : ''}`);
  return remark === undefined ? broken : [`${indent}# ${remark}`, ...broken];
}
