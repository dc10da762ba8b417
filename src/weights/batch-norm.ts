import type { Module } from '../nn/index.ts';

/**
 * The batch norm that comes right behind a layer, by the order in which the network defines its parameters.
 *
 * @param path of the layer, `conv1`
 * @returns its path, `bn1`; undefined when another kind of layer follows
 */
export function batchNormAfter(module: Module, path: string): string | undefined {
  const layers = new Map<string, Set<string>>();
  for (const [name] of module.namedParameters()) {
    const dot = name.lastIndexOf('.');
    const layer = name.slice(0, dot);
    layers.set(layer, (layers.get(layer) ?? new Set()).add(name.slice(dot + 1)));
  }
  const order = [...layers.keys()];
  const next = order[order.indexOf(path) + 1];
  return next !== undefined && layers.get(next)?.has('running_mean') ? next : undefined;
}
