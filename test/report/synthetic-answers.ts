/** Made-up answers to single images, and images to go with them, for tests alone. */
import {
  BENCHMARK_CORRUPTIONS,
  type CorruptionName,
  corrupt,
  SEVERITIES,
  type Severity,
} from '../../src/corrupt/index.ts';
import { noAnswers } from '../../src/evaluate/grid/answers.ts';
import { PredictionsRecord } from '../../src/evaluate/result/predictions.ts';
import type { Result } from '../../src/evaluate/result/schema.ts';
import type { Image } from '../../src/image/image.ts';
import { randomStream } from '../../src/random/random.ts';
import type { MeasuredData } from '../../src/report/evidence/measured-data.ts';

export const ANIMALS = ['bird', 'cat', 'deer', 'dog', 'frog', 'horse'] as const;

/** Answers that make about the errors of `result`; some classes are harder, and neighbours are taken for each other. */
export function syntheticPredictions(
  result: Result,
  { classes = ANIMALS as readonly string[], images = 240 } = {},
): PredictionsRecord {
  const labels = Int32Array.from({ length: images }, (_, image) => image % classes.length);
  const record = new PredictionsRecord({ classes, labels });
  // The same images are hard for every model.
  const hardness = Float64Array.from(labels, (_, image) => randomStream('hardness', image).uniform());
  const answer = (cell: string, error: number) => {
    const random = randomStream('answers', result.model.sha256, cell);
    const answers = noAnswers(images);
    for (const [image, label] of labels.entries()) {
      const chance = error * (0.6 + (0.8 * label) / (classes.length - 1));
      const wrong = 0.7 * hardness[image]! + 0.3 * random.uniform() < chance;
      const step = random.bernoulli(0.8) ? 1 : 2;
      answers.predicted[image] = wrong ? (label + step) % classes.length : label;
      answers.confidence[image] = 1 / classes.length + (1 - 1 / classes.length) * random.uniform();
    }
    return answers;
  };
  record.add('clean', answer('clean', result.clean!.top1));
  for (const corruption of BENCHMARK_CORRUPTIONS) {
    for (const severity of SEVERITIES) {
      const error = result.errors[corruption]?.[severity - 1];
      if (typeof error === 'number') {
        record.add({ corruption, severity }, answer(`${corruption} ${severity}`, error));
      }
    }
  }
  return record;
}

/** Images of stripes and disks. */
export function syntheticData(size = 32): MeasuredData {
  const clean = async (index: number): Promise<Image> => {
    const random = randomStream('picture', index);
    const [a, b] = [0, 1].map(() => [0, 1, 2].map(() => random.int(30, 226)));
    const [x0, y0, radius] = [random.uniform(), random.uniform(), 0.2 + 0.2 * random.uniform()];
    const data = new Uint8Array(size * size * 3);
    for (let at = 0; at < data.length; at++) {
      const [x, y] = [Math.floor(at / 3) % size, Math.floor(at / 3 / size)];
      const inside = Math.hypot(x / size - x0, y / size - y0) < radius;
      const shade = inside ? a![at % 3]! : b![at % 3]!;
      data[at] = Math.min(255, shade + (Math.floor((x + y) / 4) % 2) * 25);
    }
    return { data, width: size, height: size, channels: 3 };
  };
  return {
    classes: ANIMALS,
    length: 240,
    label: (image) => image % ANIMALS.length,
    describe: (image) => `/data/test/${ANIMALS[image % ANIMALS.length]}/${image}.png`,
    hasClean: true,
    clean,
    corrupted: async (index: number, corruption: CorruptionName, severity: Severity) =>
      corrupt(await clean(index), { corruption, severity, set: 'cifar', seed: 0, index }),
    close: async () => {},
  };
}
