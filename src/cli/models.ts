/** `pushpull models`: what can be trained, and with which recipes. */
import type { Command } from 'commander';
import pc from 'picocolors';
import {
  countParameters,
  MODELS,
  type ModelConfig,
  type StemConfig,
  variantName,
} from '../models/registry.ts';
import { PRESETS } from '../train/config.ts';
import { MOMENTUM_RANGE } from '../train/schedule.ts';
import { short, thousands } from './progress.ts';

const STEMS: readonly StemConfig[] = [
  { kind: 'conv' },
  { kind: 'pushpull', avg: 0, alpha: 'trainable' },
  { kind: 'pushpull', avg: 3, alpha: 'trainable' },
  { kind: 'pushpull', avg: 5, alpha: 'trainable' },
  { kind: 'pushpull', avg: 3, alpha: 1 },
];

const EXAMPLES = `
Examples:
  $ pushpull models
  $ pushpull train --data cifar10 --model resnet18 --width 16 --stem pushpull --avg 5 --alpha 0.5
`;

export function register(program: Command): void {
  program
    .command('models')
    .summary('list networks, first layers and recipes')
    .description('List the networks, the first layers that they can have, and the training recipes.')
    .addHelpText('after', EXAMPLES)
    .action(() => console.log([...networks(), '', ...stems(), '', ...presets()].join('\n')));
}

function networks(): string[] {
  const lines = [pc.bold('Networks (--model)')];
  for (const { name, description } of MODELS) {
    const sizes = [64, 16]
      .map((width) => `${thousands(parameters(name, width))} at width ${width}`)
      .join(', ');
    lines.push(
      `  ${name.padEnd(12)}${description}`,
      pc.dim(`${' '.repeat(14)}parameters with 10 classes: ${sizes}`),
    );
  }
  return lines;
}

function stems(): string[] {
  return [
    pc.bold('First layers (--stem, --avg, --alpha)'),
    ...STEMS.map((stem) => {
      const flags =
        stem.kind === 'conv' ? '--stem conv' : `--stem pushpull --avg ${stem.avg} --alpha ${stem.alpha}`;
      return `  ${variantName(config('resnet18', 64, stem)).padEnd(22)}${pc.dim(flags)}`;
    }),
  ];
}

function presets(): string[] {
  const cycle = `momentum ${MOMENTUM_RANGE.max} to ${MOMENTUM_RANGE.base} and back`;
  const lines = [pc.bold('Recipes (--preset), SGD with one cycle of the learning rate')];
  for (const [name, { description, recipe }] of Object.entries(PRESETS)) {
    const { epochs, batchSize, rates, momentum, weightDecay } = recipe;
    const numbers = [
      `${epochs} epochs`,
      `batch ${batchSize}`,
      `rate ${short(rates.initial)} to ${short(rates.max)} to ${short(rates.end)}`,
      momentum === 'cycle' ? cycle : `momentum ${momentum}`,
      `weight decay ${short(weightDecay)}`,
    ];
    lines.push(`  ${name.padEnd(12)}${description}`, pc.dim(`${' '.repeat(14)}${numbers.join(', ')}`));
  }
  return lines;
}

function parameters(model: string, width: number): number {
  const { build } = MODELS.find(({ name }) => name === model)!;
  return countParameters(build(config(model, width, { kind: 'conv' })));
}

function config(model: string, width: number, stem: StemConfig): ModelConfig {
  return { model, form: 'cifar', width, classes: 10, stem };
}
