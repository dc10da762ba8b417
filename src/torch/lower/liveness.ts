import type { Argument, Call, Slot } from '../plan.ts';

/** A call before it is decided whether it works in place, and what dies with it. */
export interface Draft extends Omit<Call, 'releases' | 'becomes'> {
  /** The first result may lie in the memory of this slot. */
  readonly views: Slot | undefined;
  readonly inPlace:
    | {
        readonly op: string;
        readonly operand: Slot;
        readonly args: readonly Argument[];
        /** It gives no result: the operand itself goes on as one. */
        readonly silent: boolean;
      }
    | undefined;
}

/** The slots that an argument reads. */
export function slotsOf(arg: Argument): readonly Slot[] {
  if (arg.kind === 'tensor' || arg.kind === 'someTensor') return [arg.slot];
  return arg.kind === 'tensors' ? arg.slots : [];
}

/**
 * Decide which calls write over an operand, and release every tensor after its last use.
 *
 * A call may write over an operand when nothing reads that memory afterwards: neither the operand nor a view of it, nor
 * what it is a view of. What comes from outside (inputs, constants) and what is given out is never written over.
 *
 * @param outside slots that are filled before the first call
 * @param kept slots that are read after the last call
 */
export function settle(
  drafts: readonly Draft[],
  outside: ReadonlySet<Slot>,
  kept: ReadonlySet<Slot>,
): Call[] {
  const lastUse = lastUses(drafts, kept);
  const memory = new Memory(lastUse, outside);
  return drafts.map((draft, at) => {
    const { views, inPlace, ...call } = draft;
    const [result] = draft.results;
    const reads = draft.args.flatMap(slotsOf);
    if (result !== undefined && views !== undefined) memory.share(result, views);
    if (result !== undefined && draft.op === 'expand') memory.protect(result);
    if (inPlace && result !== undefined && memory.diesAt(inPlace.operand, at, reads)) {
      memory.share(result, inPlace.operand);
      const { op, args, operand, silent } = inPlace;
      const releases = released(draft, at);
      if (!silent) return { ...call, op, args, releases };
      const others = releases.filter((slot) => slot !== operand);
      return { ...call, op, args, results: [], becomes: { operand, result }, releases: others };
    }
    return { ...call, releases: released(draft, at) };
  });

  function released(draft: Draft, at: number): Slot[] {
    const touched = new Set([...draft.args.flatMap(slotsOf), ...draft.results]);
    return [...touched].filter(
      (slot): slot is Slot => slot !== undefined && !outside.has(slot) && lastUse.get(slot) === at,
    );
  }
}

/** For each slot the last call that makes or reads it; beyond all calls for what is kept. */
function lastUses(drafts: readonly Draft[], kept: ReadonlySet<Slot>): Map<Slot, number> {
  const last = new Map<Slot, number>();
  drafts.forEach(({ args, results }, at) => {
    for (const slot of [...args.flatMap(slotsOf), ...results]) if (slot !== undefined) last.set(slot, at);
  });
  for (const slot of kept) last.set(slot, drafts.length);
  return last;
}

/** Which slots share memory. */
class Memory {
  private readonly groups = new Map<Slot, Set<Slot>>();
  private readonly spread = new Set<Slot>();

  constructor(
    private readonly lastUse: ReadonlyMap<Slot, number>,
    private readonly outside: ReadonlySet<Slot>,
  ) {}

  share(a: Slot, b: Slot): void {
    const joined = new Set([...this.group(a), ...this.group(b)]);
    for (const slot of joined) this.groups.set(slot, joined);
  }

  /** Elements of this tensor lie in one place of memory: nothing may be written there. */
  protect(slot: Slot): void {
    this.spread.add(slot);
  }

  /** Whether nothing reads the memory of a slot after a call, and the call itself reads it through this slot only, once. */
  diesAt(slot: Slot, call: number, reads: readonly Slot[]): boolean {
    const group = this.group(slot);
    const needed = (other: Slot): boolean =>
      this.outside.has(other) || this.spread.has(other) || (this.lastUse.get(other) ?? -1) > call;
    if ([...group].some(needed)) return false;
    return reads.filter((other) => group.has(other)).length === 1;
  }

  private group(slot: Slot): ReadonlySet<Slot> {
    return this.groups.get(slot) ?? new Set([slot]);
  }
}
