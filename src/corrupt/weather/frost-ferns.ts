/** Feathers of ice that grow over a pane until they meet. */

import type { Random } from '../../random/random.ts';
import { createField, type Field } from './frost-field.ts';

/** Where a crystal starts and how it grows. */
export interface Seed {
  readonly x: number;
  readonly y: number;
  readonly angle: number;
  /** Length of its spine when nothing is in the way, pixels. */
  readonly length: number;
  /** Rounds of growth, one pixel each, before it starts. */
  readonly delay: number;
}

export interface FernOptions {
  /** Pixels between the side branches of a spine. */
  readonly spacing: number;
  /** Angle between a branch and what it grows from, radians. Ice prefers 60°. */
  readonly spread: number;
  /** Length of a side branch relative to the rest of its spine. */
  readonly ratio: number;
  /** Branches of branches: 1 for a comb, 2 for a feather with barbs. */
  readonly depth: number;
  /** How much a spine may curve, radians a pixel. */
  readonly bend: number;
}

interface Tip {
  x: number;
  y: number;
  angle: number;
  readonly bend: number;
  readonly length: number;
  grown: number;
  readonly level: number;
  readonly crystal: number;
}

/** How far ahead a tip notices another crystal, pixels. */
const CLEARANCE = 3;

/**
 * Grows all crystals at the same pace, one pixel a round. A tip dies where another crystal has been already,
 * so that crystals fill the pane without crossing.
 *
 * @returns Heights in [0, 1]: 1 on the spines, less on finer branches, 0 on bare glass.
 */
export function growFerns(
  width: number,
  height: number,
  seeds: readonly Seed[],
  random: Random,
  options: FernOptions,
): Field {
  const field = createField(width, height);
  const owner = new Int32Array(width * height).fill(-1);
  const waiting = seeds.map((seed, crystal) => ({ ...seed, crystal })).sort((a, b) => b.delay - a.delay);
  let tips: Tip[] = [];
  for (let round = 0; waiting.length > 0 || tips.length > 0; round++) {
    while (waiting.length > 0 && waiting[waiting.length - 1].delay <= round) {
      const { x, y, angle, length, crystal } = waiting.pop() as Seed & { crystal: number };
      const bend = (random.uniform() - 0.5) * 2 * options.bend;
      tips.push({ x, y, angle, bend, length, grown: 0, level: 0, crystal });
    }
    const next: Tip[] = [];
    for (const tip of tips) {
      if (!advance(tip, field, owner)) continue;
      next.push(tip);
      if (tip.level < options.depth) branch(tip, next, random, options);
    }
    tips = next;
  }
  return field;
}

/** One pixel of growth; false when the tip is spent, leaves the pane or meets another crystal. */
function advance(tip: Tip, field: Field, owner: Int32Array): boolean {
  const { data, width, height } = field;
  tip.angle += tip.bend;
  const ux = Math.cos(tip.angle);
  const uy = Math.sin(tip.angle);
  tip.x += ux;
  tip.y += uy;
  tip.grown++;
  const x = Math.floor(tip.x);
  const y = Math.floor(tip.y);
  if (tip.grown > tip.length || x < 0 || y < 0 || x >= width - 1 || y >= height - 1) return false;
  const aheadX = Math.floor(tip.x + ux * CLEARANCE);
  const aheadY = Math.floor(tip.y + uy * CLEARANCE);
  if (aheadX >= 0 && aheadY >= 0 && aheadX < width && aheadY < height) {
    const there = owner[aheadY * width + aheadX];
    if (there >= 0 && there !== tip.crystal) return false;
  }
  const at = y * width + x;
  owner[at] = tip.crystal;
  owner[at + 1] = tip.crystal;
  owner[at + width] = tip.crystal;

  const thickness = 1.15 - 0.6 * (tip.grown / tip.length);
  const level = thickness * 0.72 ** tip.level;
  const fx = tip.x - x;
  const fy = tip.y - y;
  raise(data, at, level * (1 - fx) * (1 - fy));
  raise(data, at + 1, level * fx * (1 - fy));
  raise(data, at + width, level * (1 - fx) * fy);
  raise(data, at + width + 1, level * fx * fy);
  return true;
}

function raise(data: Float32Array, at: number, level: number): void {
  data[at] = Math.min(1.2, data[at] + 0.75 * level);
}

/** Side branches to both sides, shorter towards the tip, so that the whole is a leaf. */
function branch(tip: Tip, into: Tip[], random: Random, { spacing, spread, ratio }: FernOptions): void {
  const pitch = Math.max(2, Math.round(spacing * 0.75 ** tip.level));
  if (tip.grown % pitch !== 0) return;
  const rest = tip.length - tip.grown;
  const swelling = Math.min(1, tip.grown / (0.25 * tip.length));
  for (const side of [-1, 1]) {
    const length = rest * ratio * (0.4 + 0.6 * swelling) * (0.6 + 0.6 * random.uniform());
    if (length < 2) continue;
    const angle = tip.angle + side * (spread + 0.12 * (random.uniform() - 0.5));
    const { x, y, level, crystal } = tip;
    into.push({ x, y, angle, bend: -side * 0.002, length, grown: 0, level: level + 1, crystal });
  }
}
