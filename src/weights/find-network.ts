/**
 * A network's tensors among others. Programs wrap networks in modules of their own (`resnet.`, `attacker.model.`), keep
 * averaged copies of them, and save losses, metrics and counters beside them.
 */
import { buildModule, MODELS } from '../models/registry.ts';
import { translate } from './dialects.ts';

export interface FoundNetwork<T> {
  /** What stands before the names of all its tensors; empty where nothing does. */
  readonly prefix: string;
  /** Its tensors, without the prefix. */
  readonly tensors: Map<string, T>;
  /** Prefixes of other copies of the network, with their tensors. */
  readonly copies: ReadonlyMap<string, ReadonlyMap<string, T>>;
  /** What belongs to no copy, by the file's names. */
  readonly beside: ReadonlyMap<string, T>;
}

/** Averages of a network over its training, and networks that only follow another one. */
const FOLLOWER = /(^|[._])(ema|teacher|averaged?|avg|swa|shadow|slow|target|momentum|encoder_k)\d*([._]|$)/i;
/** Modules beside a network at the top level of a file that are no part of what it computes. */
const BESIDE =
  /^(criterion|loss\w*|\w+_loss|metrics?|\w+_metrics?|acc(uracy)?|\w+_acc(uracy)?|auroc|f1\w*|confmat|n_averaged|normali[sz]\w*|data_preprocessor|(pixel_|new_)?(mean|std)|queue\w*|centers?)$/i;
/** A smaller group is no network. */
const LEAST = 8;
/** Modules around a network, at most. */
const MAX_DEPTH = 8;

interface Candidate<T> {
  readonly prefix: string;
  readonly tensors: Map<string, T>;
  /** File's names of the tensors that some network of ours has. */
  readonly known: ReadonlySet<string>;
}

/**
 * Find the tensors that are named like those of a network of ours: of all prefixes the one behind which most are. Of
 * several copies the one that was trained is taken, not its average.
 *
 * @param isNumber whether a tensor is a single number, such as a counter
 */
export function findNetwork<T>(
  tensors: ReadonlyMap<string, T>,
  isNumber: (tensor: T) => boolean = () => false,
): FoundNetwork<T> {
  const names = knownNames();
  const candidates = [...prefixesOf(tensors.keys())].map((prefix) => candidateOf(prefix, tensors, names));
  const most = Math.max(...candidates.map(({ known }) => known.size));
  if (most < LEAST) return { prefix: '', tensors: new Map(tensors), copies: new Map(), beside: new Map() };
  const best = candidates.filter(({ known }) => known.size === most);
  // What holds no more of a network than a part of it does, is a wrapper.
  const inner = best.filter(
    (outer) =>
      !best.some(
        (other) =>
          other.prefix.length > outer.prefix.length &&
          [...outer.known].every((name) => name.startsWith(other.prefix)),
      ),
  );
  const [taken, ...others] = inner.toSorted(
    (a, b) =>
      Number(FOLLOWER.test(a.prefix)) - Number(FOLLOWER.test(b.prefix)) || a.prefix.length - b.prefix.length,
  );
  const own = new Map<string, T>();
  const beside = new Map<string, T>();
  const tops = new Set([...taken.known].map((name) => topOf(name.slice(taken.prefix.length))));
  for (const [name, tensor] of tensors) {
    if (others.some(({ prefix }) => name.startsWith(prefix) && !taken.prefix.startsWith(prefix))) continue;
    const bare = name.slice(taken.prefix.length);
    const outside = !name.startsWith(taken.prefix);
    if (outside || (!tops.has(topOf(bare)) && (BESIDE.test(topOf(bare)) || isNumber(tensor)))) {
      beside.set(name, tensor);
    } else own.set(bare, tensor);
  }
  adopt(own, beside, names);
  return {
    prefix: taken.prefix,
    tensors: own,
    copies: new Map(others.map((copy) => [copy.prefix, copy.tensors])),
    beside,
  };
}

/** A classifier that lies outside of the module with the rest: `encoder.conv1.weight` and `fc.weight`. */
function adopt<T>(own: Map<string, T>, beside: Map<string, T>, names: ReadonlySet<string>): void {
  const present = new Set(translate(own).tensors.keys());
  for (const [name, tensor] of [...beside]) {
    const [mine] = [...translate(new Map([...own, [name, tensor]])).tensors.keys()].filter(
      (key) => !present.has(key),
    );
    if (mine === undefined || !names.has(mine)) continue;
    own.set(name, tensor);
    beside.delete(name);
  }
}

function candidateOf<T>(
  prefix: string,
  tensors: ReadonlyMap<string, T>,
  names: ReadonlySet<string>,
): Candidate<T> {
  const own = new Map<string, T>();
  const origins = new Map<string, string>();
  for (const [name, tensor] of tensors) {
    if (!name.startsWith(prefix)) continue;
    own.set(name.slice(prefix.length), tensor);
    origins.set(name.slice(prefix.length), name);
  }
  // Of two tensors for one name that with the least around it counts.
  const longestFirst = [...origins].sort(([a], [b]) => b.length - a.length);
  const { tensors: translated } = translate(new Map(longestFirst));
  const known = [...translated].filter(([name]) => names.has(name)).map(([, origin]) => origin);
  return { prefix, tensors: own, known: new Set(known) };
}

function prefixesOf(names: Iterable<string>): Set<string> {
  const counts = new Map<string, number>([['', Number.POSITIVE_INFINITY]]);
  for (const name of names) {
    const parts = name.split('.').slice(0, MAX_DEPTH + 1);
    for (let depth = 1; depth < parts.length; depth++) {
      const prefix = `${parts.slice(0, depth).join('.')}.`;
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  }
  return new Set([...counts].filter(([, count]) => count >= LEAST).map(([prefix]) => prefix));
}

const topOf = (name: string): string => name.split('.', 1)[0];

let known: ReadonlySet<string> | undefined;

/** Names of the tensors of every network in the registry. */
function knownNames(): ReadonlySet<string> {
  known ??= new Set(
    MODELS.flatMap(({ name, forms }) => {
      const module = buildModule({
        model: name,
        form: forms[0],
        width: 1,
        classes: 2,
        stem: { kind: 'conv' },
      });
      return [...module.namedParameters()].map(([path]) => path);
    }),
  );
  return known;
}
