/** Finding a network's tensors in what was saved: many programs put them beside the optimiser and other things. */
import { PickleObject, type PickleValue } from '../../data/pickle/pickle-values.ts';
import { asTensor, type TensorReference } from './tensors.ts';

export interface StateDict {
  readonly tensors: Map<string, TensorReference>;
  /** Keys that lead to it; none when it is the file's own content. */
  readonly path: readonly string[];
}

/** Where training programs keep weights, the ones that were trained before their averages. */
const USUAL_KEYS = [
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'net',
  'network',
  'weights',
  'params',
  'state_dict_ema',
  'model_ema',
  'ema_state_dict',
  'ema_model',
  'ema',
];
/** Averages under other keys come last of all. */
const AVERAGE = /(^|_)(ema|avg|averaged?|swa|shadow|teacher)(_|$)/i;
/** These hold tensors as well, of the shapes of weights, but no weights. */
const NEVER = /optim|sched|loss|metric|momentum|hyper|callback|scaler/i;
const MAX_DEPTH = 3;

/**
 * All state dicts in a saved object, the most likely one first. Whole modules that were pickled count too: their
 * parameters and buffers are read out of what would have been their attributes.
 */
export function findStateDicts(value: PickleValue): StateDict[] {
  const found = search(value, [], new Set());
  const most = Math.max(...found.map(({ tensors }) => tensors.size));
  // Losses have tensors too, under any name.
  const isSmall = ({ tensors }: StateDict): number => Number(tensors.size * MUCH_SMALLER < most);
  return found.toSorted((a, b) => isSmall(a) - isSmall(b));
}

/** A set of tensors so many times smaller than another one is not the network. */
const MUCH_SMALLER = 4;

/** @param visited values may refer to each other in circles, and many times to one */
function search(value: PickleValue, path: readonly string[], visited: Set<PickleValue>): StateDict[] {
  if (visited.has(value)) return [];
  if (value instanceof PickleObject || value instanceof Map) visited.add(value);
  if (value instanceof PickleObject) {
    const tensors = moduleTensors(value);
    return tensors.size > 0 ? [{ tensors, path }] : [];
  }
  if (!(value instanceof Map)) return [];
  const found: StateDict[] = [];
  if (path.length < MAX_DEPTH) {
    for (const key of orderedKeys(value)) {
      for (const dict of search(value.get(key) ?? null, [...path, key], visited)) found.push(dict);
    }
  }
  // A training program's dictionary may hold a tensor or two of its own, such as its best accuracy: hence last.
  const own = directTensors(value);
  if (own.size > 0 && (found.length === 0 || own.size > 2)) found.push({ tensors: own, path });
  return found;
}

function orderedKeys(value: Map<PickleValue, PickleValue>): string[] {
  const keys = [...value.keys()].filter((key) => typeof key === 'string').filter((key) => !NEVER.test(key));
  const rank = (key: string): number => {
    const usual = USUAL_KEYS.indexOf(key);
    if (usual >= 0) return usual;
    return USUAL_KEYS.length + Number(AVERAGE.test(key));
  };
  return keys.toSorted((a, b) => rank(a) - rank(b));
}

function directTensors(value: Map<PickleValue, PickleValue>): Map<string, TensorReference> {
  const tensors = new Map<string, TensorReference>();
  for (const [name, entry] of value) {
    const tensor = asTensor(entry);
    if (typeof name === 'string' && tensor !== undefined) tensors.set(name, tensor);
  }
  return tensors;
}

/** Modules inside modules, at most. */
const MAX_MODULES = 100;

/** What `state_dict()` of a pickled `torch.nn.Module` would say. */
function moduleTensors(module: PickleObject): Map<string, TensorReference> {
  const tensors = new Map<string, TensorReference>();
  const visited = new Set<PickleValue>();
  const waiting: { module: PickleValue; prefix: string; depth: number }[] = [
    { module, prefix: '', depth: 0 },
  ];
  for (const { module: current, prefix, depth } of waiting) {
    if (!(current instanceof PickleObject) || !(current.state instanceof Map) || visited.has(current))
      continue;
    visited.add(current);
    const { state } = current;
    for (const field of ['_parameters', '_buffers']) {
      const entries = state.get(field);
      if (!(entries instanceof Map)) continue;
      for (const [name, tensor] of directTensors(entries)) tensors.set(`${prefix}${name}`, tensor);
    }
    const children = state.get('_modules');
    if (!(children instanceof Map) || depth >= MAX_MODULES) continue;
    for (const [name, child] of children) {
      if (typeof name === 'string')
        waiting.push({ module: child, prefix: `${prefix}${name}.`, depth: depth + 1 });
    }
  }
  return tensors;
}
