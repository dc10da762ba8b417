import * as F from './functional.ts';
import { reachableNodes } from './graph.ts';
import { OPS } from './ops/index.ts';
import type { OpDefinition } from './ops/spec.ts';
import type { Shape } from './tensor.ts';
import { sameShape } from './tensor.ts';
import type { Node, Value } from './value.ts';

/**
 * Reverse-mode derivative of a scalar.
 *
 * Adds to the graph of `loss` the nodes that compute `d loss / d value` for each of `wrt` and
 * returns those gradients in order, each in its value's shape. A value that `loss` does not depend
 * on has the gradient zero.
 *
 * The walk goes through the nodes from last to first and asks each for the gradients of its
 * inputs. Only nodes on a path from `wrt` to `loss` are visited, so that, say, no gradient of the
 * image is computed. Broadcasting is undone here, once, for every rule.
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.dtype !== 'float32' || loss.shape.length !== 0) {
    throw new Error(`gradients: the loss must be a float32 scalar, found ${loss.dtype}[${loss.shape}]`);
  }
  const nodes = reachableNodes(loss.graph, [loss]);
  const active = dependents(nodes, wrt);
  const totals = new Map<Value, Value>([[loss, F.constant(loss, 1)]]);

  for (const node of nodes.toReversed()) {
    const upstream = node.outputs.map((output) => totals.get(output));
    if (upstream.every((gradient) => !gradient)) continue;
    const needs = (input: number): boolean => active.has(node.inputs[input]);
    if (!node.inputs.some((_, input) => needs(input))) continue;
    loss.graph.within(`gradient.${node.scope}`, () => {
      const parts = ruleOf(node)({
        inputs: node.inputs,
        outputs: node.outputs,
        attributes: node.attributes,
        upstream,
        needs,
      });
      if (parts.length !== node.inputs.length) {
        throw new Error(
          `internal: ${node.op} gave ${parts.length} gradients for ${node.inputs.length} inputs`,
        );
      }
      node.inputs.forEach((input, i) => {
        const part = parts[i];
        if (!part || !needs(i)) return;
        const gradient = sumToShape(part, input.shape);
        const total = totals.get(input);
        totals.set(input, total ? F.add(total, gradient) : gradient);
      });
    });
  }
  return wrt.map((value) => totals.get(value) ?? F.expand(F.constant(loss, 0), value.shape));
}

/** `wrt` and every value computed from it. */
function dependents(nodes: readonly Node[], wrt: readonly Value[]): Set<Value> {
  const active = new Set(wrt);
  for (const node of nodes) {
    if (node.inputs.some((input) => active.has(input))) {
      for (const output of node.outputs) if (output.dtype === 'float32') active.add(output);
    }
  }
  return active;
}

function ruleOf(node: Node): OpDefinition<Node['attributes']>['gradient'] {
  // The table is typed op by op; a node pairs its op with that op's attributes by construction.
  return (OPS[node.op] as OpDefinition<Node['attributes']>).gradient;
}

/** Sum a gradient over the axes along which its value was broadcast. */
function sumToShape(gradient: Value, shape: Shape): Value {
  if (sameShape(gradient.shape, shape)) return gradient;
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < lead || (shape[axis - lead] === 1 && gradient.shape[axis] !== 1));
  const summed = axes.length > 0 ? F.reduceSum(gradient, axes) : gradient;
  return sameShape(summed.shape, shape) ? summed : F.reshape(summed, shape);
}
