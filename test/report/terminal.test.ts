import { describe, expect, it } from 'vitest';
import { terminalTable } from '../../src/report/terminal.ts';
import { syntheticAvg3, syntheticResult } from './synthetic.ts';

const results = () => [syntheticResult(), syntheticAvg3()];

describe('terminalTable', () => {
  it('fits 80 columns, group below group', () => {
    const lines = terminalTable(results(), { columns: 80, color: false }).split('\n');
    expect(lines.slice(0, 14)).toEqual([
      '                                     noise',
      '                  E     mCE   mrCE  Gauss   Shot  Impulse',
      'baseline       .069   .2700  1.000   .520   .410     .450',
      'push-pull avg3 .071   .2568°  .969°  .468°  .369°    .396°',
      '',
      '                blur                          weather',
      '               Defocus  Glass  Motion  Zoom   Snow  Frost   Fog  Bright',
      'baseline          .170   .490    .230  .240   .190   .240  .120    .080',
      'push-pull avg3    .168°  .466°   .230  .245   .186°  .233° .124    .081',
      '',
      '                digital',
      '               Contrast  Elastic  Pixelate   JPEG',
      'baseline           .250     .170      .270   .220',
      'push-pull avg3     .255     .170      .251°  .211°',
    ]);
    expect(lines.slice(14).join(' ')).toMatch(/° better, untested\. Push-pull avg3 cuts the mean error/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('takes one block where there is room', () => {
    const lines = terminalTable(results(), { columns: 200, color: false }).split('\n');
    expect(lines[2]).toMatch(/^baseline .* \.069 .* \.220$/);
    expect(lines[4]).toBe('');
  });

  it('only adds colour codes when coloured', () => {
    const coloured = terminalTable(results(), { columns: 80, color: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes start with the escape character
    const stripped = coloured.replace(/\u001b\[\d+m/g, '');
    const trimmed = stripped.split('\n').map((line) => line.trimEnd());
    expect(coloured).not.toBe(stripped);
    expect(trimmed.join('\n')).toBe(terminalTable(results(), { columns: 80, color: false }));
  });
});
