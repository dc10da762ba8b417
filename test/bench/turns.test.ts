import { describe, expect, test } from 'vitest';
import { toComparison } from '../../bench/compare.ts';
import { formatSpread, median, ratios, short, spread } from '../../bench/spread.ts';
import { formatComparisons } from '../../bench/table.ts';
import { type ProcessorClock, type Subject, takeTurns } from '../../bench/turns.ts';

class FakeSide implements ProcessorClock {
  seconds = 0;
  constructor(readonly label: string) {}
  processorSeconds(): number {
    return this.seconds;
  }
}

/** A machine of made-up time, on which a turn takes two seconds of two threads. */
class FakeMachine {
  time = 0;
  used = 0;
  readonly order: string[] = [];
  readonly clocks = { now: () => this.time, machine: () => this.used };

  /** @param others sides that work while they should sleep, and for how long */
  subject(
    label: string,
    side: FakeSide,
    images: number,
    others: readonly (readonly [{ seconds: number }, number])[] = [],
  ): Subject {
    return {
      label,
      side,
      take: async () => {
        this.order.push(label);
        this.time += 2;
        for (const [one, seconds] of [[side, 4] as const, ...others]) {
          one.seconds += seconds;
          this.used += seconds;
        }
        return { images, seconds: 2, steps: 8 };
      },
    };
  }
}

describe('turns', () => {
  test('rotate, so that none always follows the same one', async () => {
    const machine = new FakeMachine();
    const side = new FakeSide('a');
    const subjects = ['a', 'b', 'c'].map((label) => machine.subject(label, side, 64));
    await takeTurns(subjects, { rounds: 3, settle: 0, clocks: machine.clocks });
    expect(machine.order.join('')).toBe('abcbcacab');
  });

  test('tell whose threads did not sleep, and what went to strangers', async () => {
    const machine = new FakeMachine();
    const [one, other] = [new FakeSide('one'), new FakeSide('other')];
    const stranger = { seconds: 0 };
    const subjects = [
      machine.subject('quiet', one, 64, [[stranger, 1]]),
      machine.subject('disturbed', one, 64, [[other, 0.5]]),
      machine.subject('busy', other, 64),
    ];
    const { series, disturbances } = await takeTurns(subjects, {
      rounds: 1,
      settle: 0,
      clocks: machine.clocks,
    });
    expect(disturbances).toEqual([{ during: 'disturbed', by: 'other', share: 0.25 }]);
    expect(series.map(([turn]) => turn.processor)).toEqual([4, 4, 4]);
    expect(series[0][0].strangers).toBeGreaterThan(0);
    expect(series[2][0].strangers).toBe(0);
  });

  test('go on without a subject that fails', async () => {
    const machine = new FakeMachine();
    const side = new FakeSide('a');
    const failing = machine.subject('failing', side, 64);
    let turns = 0;
    const subjects = [
      machine.subject('a', side, 64),
      {
        ...failing,
        take: () => (turns++ === 0 ? failing.take() : Promise.reject(new Error('out of memory'))),
      },
    ];
    const { series, failures } = await takeTurns(subjects, { rounds: 3, settle: 0, clocks: machine.clocks });
    expect(series.map(({ length }) => length)).toEqual([3, 1]);
    expect([...failures]).toEqual([[1, 'out of memory']]);
    const entries = subjects.map(({ label }) => ({ label, reference: false }));
    const { rows, leftOut } = toComparison('training', entries, { series, failures, disturbances: [] });
    expect(rows.map(({ label }) => label)).toEqual(['a', 'failing']);
    expect(leftOut).toEqual(['failing: out of memory']);
  });

  test('end at a moment, but never before the first round', async () => {
    const machine = new FakeMachine();
    const subjects = [machine.subject('a', new FakeSide('a'), 64)];
    const options = { rounds: 9, settle: 0, clocks: machine.clocks };
    expect((await takeTurns(subjects, { ...options, until: 0 })).series[0]).toHaveLength(1);
    expect((await takeTurns(subjects, { ...options, until: machine.time + 3 })).series[0]).toHaveLength(2);
  });
});

test('medians, spreads and ratios turn by turn', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(spread([5, 1, 2])).toEqual({ median: 2, least: 1, most: 5 });
  // A machine that slows down does so for both.
  expect(ratios([100, 50], [50, 25])).toEqual({ median: 2, least: 2, most: 2 });
  expect([0.0891, 1.234, 56.78, 1234.5, 0].map(short)).toEqual(['0.089', '1.23', '56.8', '1,235', '0']);
  expect(formatSpread({ median: 2, least: 1, most: 3 })).toBe('2.00 (1.00–3.00)');
});

test('a comparison as a table, with what is doubtful below it', async () => {
  const machine = new FakeMachine();
  const [mine, theirs] = [new FakeSide('ours'), new FakeSide('PyTorch')];
  const subjects = [
    machine.subject('torch', mine, 96, [[theirs, 1]]),
    machine.subject('PyTorch', theirs, 128),
  ];
  const turns = await takeTurns(subjects, { rounds: 2, settle: 0, clocks: machine.clocks });
  const entries = [
    { label: 'torch', reference: false, wanted: { PyTorch: 1 } },
    { label: 'PyTorch', reference: true },
  ];
  const comparison = toComparison('training', entries, turns);
  expect(formatComparisons([{ ...comparison, leftOut: ['onnxruntime: not there'] }]).split('\n')).toEqual([
    '| workload | by | images/s | × PyTorch | CPU s a step | JS |',
    '| :-- | :-- | --: | --: | --: | --: |',
    '| training | torch | 48.0 (48.0–48.0) | 0.75 (0.75–0.75) | 0.500 |  |',
    '|  | PyTorch | 64.0 (64.0–64.0) |  | 0.500 |  |',
    'LEFT OUT of training: onnxruntime: not there',
    'NOT ASLEEP in training: PyTorch used the processor in 2 turns of others, at worst 50.0 % of a core while torch had its turn',
    'SHORT in training: torch is 0.75 × PyTorch, wanted 1.00',
  ]);
});
