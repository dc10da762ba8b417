import { gaussianBlur } from '../../image/filters/gaussian.ts';
import type { Image } from '../../image/image.ts';
import { type Random, randomStream } from '../../random/random.ts';
import { growFerns, type Seed } from './frost-ferns.ts';
import {
  blade,
  type Colour,
  colour,
  createField,
  type Field,
  grade,
  map,
  noise,
  relief,
  warp,
} from './frost-field.ts';

/** Size of every texture, pixels; a crop of 224 × 224 has room to wander in it. */
export const TEXTURE_WIDTH = 640;
export const TEXTURE_HEIGHT = 448;
const W = TEXTURE_WIDTH;
const H = TEXTURE_HEIGHT;

const WHITE: Colour = [250, 252, 255];

function sum(...parts: readonly (readonly [weight: number, field: Field])[]): Field {
  return map(parts[0][1], (_, i) => parts.reduce((total, [weight, { data }]) => total + weight * data[i], 0));
}

/** Fine unevenness, a value a pixel. */
function grain(random: Random): Field {
  return noise(W, H, random, { cell: 2, octaves: 2, gain: 0.7 });
}

/** A frozen sheet of water: turquoise depths under a crinkled skin. */
function iceSheet(random: Random): Image {
  const dx = noise(W, H, random, { cell: 90, octaves: 3 });
  const dy = noise(W, H, random, { cell: 90, octaves: 3 });
  const creases = map(
    warp(noise(W, H, random, { cell: 44, cellY: 26, octaves: 5, gain: 0.6 }), dx, dy, 60),
    (v) => (1 - Math.min(1, Math.abs(v) * 2.2)) ** 3,
  );
  const depths = noise(W, H, random, { cell: 190, octaves: 3 });
  const skin = relief(sum([5, creases], [0.8, grain(random)]));
  const levels = sum([1, depths], [0.28, skin], [0.35, creases]);
  const tint = map(sum([1, dx], [0.8, depths]), (v) => 0.5 + 0.9 * v);
  return colour(
    grade(levels, 122, 24),
    [
      [8, 62, 84],
      [34, 152, 186],
      [236, 248, 250],
    ],
    { by: tint, other: [124, 158, 158] },
  );
}

/** Blades of ice piled on one another, lit from above: nearly white. */
function bladeMat(random: Random): Image {
  const field = createField(W, H, 150);
  const swirl = noise(W, H, random, { cell: 150, octaves: 2 });
  for (let i = 0; i < 4200; i++) {
    const x = random.uniform() * W;
    const y = random.uniform() * H;
    const local = swirl.data[Math.floor(y) * W + Math.floor(x)];
    // Blades of one neighbourhood keep to a few directions, 60° apart.
    const angle = 3 * local + (Math.PI / 3) * random.int(0, 6) + 0.25 * random.normal();
    const size = random.uniform() ** 3;
    const shade = 150 + 75 * random.uniform();
    const tilt = 38 * random.uniform();
    const place = { x, y, angle, length: 10 + 95 * size, breadth: 1.2 + 6 * size };
    blade(field, place, (old, across, along) => {
      const facet = shade + (across > 0 ? tilt : -tilt) - 30 * across * across;
      const opacity = 0.75 * (1 - 0.5 * along);
      return old + opacity * (facet - old);
    });
  }
  const dust = noise(W, H, random, { cell: 120, octaves: 4 });
  const levels = sum([1, grade(field, 0, 1)], [1.3, dust], [0.25, grain(random)]);
  return colour(grade(levels, 205, 22), [[70, 66, 70], [138, 142, 152], WHITE]);
}

/** Plates of ice with cracks between them, and finer cracks within. */
function crackedPlates(random: Random): Image {
  const dx = noise(W, H, random, { cell: 30, octaves: 3 });
  const dy = noise(W, H, random, { cell: 30, octaves: 3 });
  const plates = warpedCells(random, 74, dx, dy, 14);
  const chips = warpedCells(random, 19, dx, dy, 5);
  const crack = (gap: number, breadth: number): number => Math.exp(-gap / breadth);
  const frostwork = relief(noise(W, H, random, { cell: 12, octaves: 4, gain: 0.7 }));
  const clouds = noise(W, H, random, { cell: 160, octaves: 4 });
  const levels = map(clouds, (cloud, i) => {
    const wide = crack(plates.gap[i], 1.6);
    const halo = crack(plates.gap[i], 11);
    const fine = crack(chips.gap[i], 0.9);
    return (
      1.1 * cloud +
      0.55 * plates.slope[i] +
      0.3 * chips.slope[i] +
      0.5 * frostwork.data[i] +
      1.5 * wide +
      0.6 * halo +
      0.45 * fine
    );
  });
  return colour(grade(levels, 188, 27), [[38, 52, 66], [126, 148, 164], WHITE]);
}

/** A grey pane with streaks of rime, strewn with small fans of crystals that glint. */
function rimedPane(random: Random): Image {
  const streaks = noise(W, H, random, { cell: 14, cellY: 160, octaves: 3, gain: 0.7 });
  const patches = noise(W, H, random, { cell: 150, octaves: 3 });
  const field = createField(W, H);
  for (let i = 0; i < 12000; i++) {
    const x = random.uniform() * W;
    const y = random.uniform() * H;
    const at = Math.floor(y) * W + Math.floor(x);
    const crowd = patches.data[at] + 0.9 * streaks.data[at];
    if (random.uniform() > 0.6 + 0.8 * crowd) continue;
    const size = random.uniform() ** 9 * (0.7 + 0.6 * patches.data[at]);
    const first = random.uniform() * 2 * Math.PI;
    const leaves = random.int(2, 7);
    for (let leaf = 0; leaf < leaves; leaf++) {
      const angle = first + leaf * 0.55 + 0.25 * random.normal();
      // Each leaf mirrors another part of the sky: some glint, some are dark.
      const shade = 1.5 * random.uniform() ** 2 - (random.uniform() < 0.45 ? 1.1 : 0.1);
      const place = { x, y, angle, length: 2.5 + 30 * size, breadth: 0.9 + 6 * size };
      blade(field, place, (old, across) => old + 0.75 * (shade + 0.35 * across - old));
    }
  }
  const skin = relief(noise(W, H, random, { cell: 4, octaves: 2, gain: 0.8 }));
  const levels = sum([1, field], [0.35, skin], [0.3, streaks], [0.5, patches], [0.12, grain(random)]);
  return colour(grade(levels, 152, 30), [[34, 48, 60], [116, 130, 142], WHITE]);
}

/** Light that ice scatters into its surroundings. */
function glow(ice: Field, sigma: number): Field {
  return { ...ice, data: gaussianBlur(ice.data, ice.width, ice.height, 1, sigma) };
}

/** Many small feathers on a dark pane. */
function feathers(random: Random): Image {
  const density = noise(W, H, random, { cell: 170, octaves: 2 });
  const seeds: Seed[] = [];
  while (seeds.length < 2400) {
    const x = random.uniform() * W;
    const y = random.uniform() * H;
    const crowd = 0.5 + density.data[Math.floor(y) * W + Math.floor(x)];
    if (random.uniform() > crowd) continue;
    const first = random.uniform() * 2 * Math.PI;
    const size = random.uniform() ** 2;
    const delay = random.int(0, 50);
    // The arms of one crystal are 60° or 120° apart.
    for (let arm = random.int(2, 6); arm > 0; arm--) {
      const angle = first + (arm * Math.PI) / 3 + 0.08 * random.normal();
      seeds.push({ x, y, angle, length: 9 + 50 * size * (0.5 + 0.5 * random.uniform()), delay });
    }
  }
  const ice = growFerns(W, H, seeds, random, { spacing: 4, spread: 0.95, ratio: 0.4, depth: 2, bend: 0.008 });
  const haze = noise(W, H, random, { cell: 170, octaves: 5, gain: 0.6 });
  const levels = sum([1, ice], [0.5, relief(ice)], [1.2, glow(ice, 5)], [0.4, haze], [0.1, grain(random)]);
  return colour(grade(levels, 120, 42), [[16, 26, 38], [112, 126, 142], WHITE]);
}

/** Long ferns that grow in from the edges, the night behind them. */
function windowFerns(random: Random): Image {
  const seeds: Seed[] = [];
  const add = (x: number, y: number, angle: number, length: number, delay: number): void => {
    seeds.push({ x, y, angle, length, delay });
  };
  for (let i = 0; i < 30; i++) {
    const wide = 1.1 * (random.uniform() - 0.5);
    const length = 130 + 280 * random.uniform();
    const delay = random.int(0, 90);
    if (i % 2 === 0) add(((i + random.uniform()) / 30) * W, H - 3, -Math.PI / 2 + wide, length, delay);
    else if (i % 4 === 1)
      add(i % 8 === 1 ? 2 : W - 3, random.uniform() * H, wide + (i % 8 === 1 ? 0 : Math.PI), length, delay);
    else add(random.uniform() * W, 2, Math.PI / 2 + wide, length, delay);
  }
  for (let i = 0; i < 160; i++) {
    const length = 30 + 130 * random.uniform() ** 2;
    add(
      random.uniform() * W,
      random.uniform() * H,
      random.uniform() * 2 * Math.PI,
      length,
      80 + random.int(0, 90),
    );
  }
  const ice = growFerns(W, H, seeds, random, { spacing: 6, spread: 0.7, ratio: 0.34, depth: 2, bend: 0.003 });
  const night = noise(W, H, random, { cell: 180, octaves: 4 });
  const tint = map(noise(W, H, random, { cell: 130, octaves: 3 }), (v) => 0.4 + 1.2 * v);
  const levels = sum([1, ice], [0.6, relief(ice)], [1.3, glow(ice, 4)], [0.35, night], [0.15, grain(random)]);
  return colour(
    grade(levels, 96, 42),
    [
      [6, 12, 18],
      [92, 138, 152],
      [226, 240, 244],
    ],
    { by: tint, other: [112, 124, 162] },
  );
}

/**
 * Voronoi cells of jittered points about `size` pixels apart: for each pixel how much farther the second point is
 * than the first (0 on the border of two cells), and a slope of random direction over each cell.
 */
function warpedCells(
  random: Random,
  size: number,
  dx: Field,
  dy: Field,
  amount: number,
): { gap: Float32Array; slope: Float32Array } {
  const columns = Math.ceil(W / size) + 4;
  const rows = Math.ceil(H / size) + 4;
  const points = Array.from({ length: columns * rows }, (_, i) => {
    const direction = random.uniform() * 2 * Math.PI;
    return {
      x: ((i % columns) - 2 + random.uniform()) * size,
      y: (Math.floor(i / columns) - 2 + random.uniform()) * size,
      slopeX: Math.cos(direction) / size,
      slopeY: Math.sin(direction) / size,
      level: random.uniform() - 0.5,
    };
  });
  const gap = new Float32Array(W * H);
  const slope = new Float32Array(W * H);
  for (let y = 0, i = 0; y < H; y++) {
    for (let x = 0; x < W; x++, i++) {
      const px = x + amount * dx.data[i];
      const py = y + amount * dy.data[i];
      const column = Math.max(1, Math.min(columns - 2, Math.floor(px / size) + 2));
      const row = Math.max(1, Math.min(rows - 2, Math.floor(py / size) + 2));
      let best = Number.POSITIVE_INFINITY;
      let second = Number.POSITIVE_INFINITY;
      let owner = points[0];
      for (let r = row - 1; r <= row + 1; r++) {
        for (let c = column - 1; c <= column + 1; c++) {
          const point = points[r * columns + c];
          const square = (point.x - px) ** 2 + (point.y - py) ** 2;
          if (square < best) {
            second = best;
            best = square;
            owner = point;
          } else if (square < second) {
            second = square;
          }
        }
      }
      gap[i] = Math.sqrt(second) - Math.sqrt(best);
      slope[i] = owner.level + (px - owner.x) * owner.slopeX + (py - owner.y) * owner.slopeY;
    }
  }
  return { gap, slope };
}

/** In the order of the list; the last one is drawn only where all six may be. */
const LOOKS: readonly (readonly [name: string, paint: (random: Random) => Image])[] = [
  ['ice sheet', iceSheet],
  ['blade mat', bladeMat],
  ['cracked plates', crackedPlates],
  ['rimed pane', rimedPane],
  ['feathers', feathers],
  ['window ferns', windowFerns],
];

/** How many textures there are. */
export const TEXTURE_COUNT = LOOKS.length;

const made = new Map<number, Image>();
let madeOf = 0;

/**
 * One of six pictures of frost, 640 × 448, painted by the project: 0 an ice sheet, 1 a mat of blades, 2 cracked
 * plates, 3 a rimed pane, 4 feathers, 5 window ferns. Brightness and contrast lie near those of the photographs that
 * the benchmark uses. Painted when first asked for (some 0.2 s each); those of the latest seed are kept in memory.
 */
export function frostTexture(index: number, seed = 0): Image {
  if (!LOOKS[index]) throw new RangeError(`frost texture ${index}: there are ${LOOKS.length}, 0 the first`);
  if (seed !== madeOf) made.clear();
  madeOf = seed;
  const [name, paint] = LOOKS[index];
  const texture = made.get(index) ?? paint(randomStream('frost texture', seed, name));
  made.set(index, texture);
  return texture;
}
