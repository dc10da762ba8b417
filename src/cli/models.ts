/** `pushpull models`: what can be trained, what it costs, and with which recipes. */
import type { Command } from 'commander';
import pc from 'picocolors';
import type { Antialias, Form, ModelConfig, StemConfig } from '../models/config.ts';
import { variantName } from '../models/config.ts';
import { countMultiplyAdds } from '../models/cost.ts';
import { buildModule, countParameters, findModel, MODELS, type ModelEntry } from '../models/registry.ts';
import { wrapText } from '../report/format.ts';
import { PRESETS } from '../run/config.ts';
import { MOMENTUM_RANGE } from '../run/schedule.ts';
import { plural, thousands } from '../words.ts';
import { beside, terminalWidth } from './shared/lines.ts';
import { short } from './shared/progress.ts';

/** What the two forms are listed at: the data sets that they are made for. */
const LISTED: Readonly<Record<Form, { readonly size: number; readonly classes: number }>> = {
  imagenet: { size: 224, classes: 1000 },
  cifar: { size: 32, classes: 10 },
};
const FORMS: readonly Form[] = ['imagenet', 'cifar'];

const STEMS: readonly { readonly stem: StemConfig; readonly flags: string; readonly what: string }[] = [
  { stem: { kind: 'conv' }, flags: '--stem conv', what: 'a plain convolution' },
  {
    stem: { kind: 'pushpull', avg: 3, alpha: 'trainable' },
    flags: '--stem pushpull',
    what: 'PushPull-Net: a pull filter of opposite contrast, its response pooled 3×3, rectified, subtracted',
  },
  {
    stem: { kind: 'pushpull', avg: 5, alpha: 'trainable' },
    flags: '--stem pushpull --avg 5',
    what: 'the same pooled 5×5; any odd size, 0 for none',
  },
  {
    stem: { kind: 'pushpull', avg: 3, alpha: 1 },
    flags: '--stem pushpull --alpha 1',
    what: 'one fixed strength of inhibition in place of one that is learned for each filter',
  },
  {
    stem: { kind: 'pushpull2020', alpha: 1 },
    flags: '--stem pushpull2020',
    what: 'Strisciuglio et al. 2020: the pull filter is the negated push filter, twice as large',
  },
  {
    stem: { kind: 'pushpull2020', alpha: 'trainable' },
    flags: '--stem pushpull2020 --alpha trainable',
    what: 'the same with learned strengths',
  },
];

const ANTIALIAS: Readonly<Record<Antialias, string>> = {
  none: 'strided convolutions, as published',
  blurconv1: 'stride 1, then norm, ReLU, a 4×4 blur of the stride (Zhang 2019)',
  blurconv2: 'stride 1, then a 5×5 blur of the stride, norm, ReLU (Vasconcelos et al. 2020)',
};

const EXAMPLES = `
Examples:
  $ pushpull models
  $ pushpull models resnet50                  every variant of one network
  $ pushpull train --data cifar10 --model resnet18 --width 16 --stem pushpull --avg 5 --alpha 0.5
  $ pushpull train --data ~/pictures --model resnet50 --antialias blurconv2 --stem pushpull
`;

export function register(program: Command): void {
  program
    .command('models')
    .summary('list networks, first layers and recipes')
    .description(
      'List the networks with their sizes, the variants that they come in, and the training recipes.',
    )
    .argument('[name]', 'one network, with the size of every variant')
    .addHelpText('after', EXAMPLES)
    .action((name: string | undefined) => {
      const lines =
        name === undefined ? [...networks(), '', ...variants(), '', ...presets()] : details(findModel(name));
      console.log(lines.join('\n'));
    });
}

/** Parameters and multiply-adds of a configuration, in columns. */
function cost(config: ModelConfig): string {
  const { size } = LISTED[config.form];
  const parameters = thousands(countParameters(buildModule(config))).padStart(12);
  const millions = Math.round(countMultiplyAdds(config, { width: size, height: size }) / 1e6);
  return `${parameters}${`${thousands(millions)} M`.padStart(10)}`;
}

const COST_WIDTH = 22;

function heading(title: string, forms: readonly Form[], indent: number): string[] {
  const named = forms.map((form) =>
    `${form}, ${LISTED[form].size}×${LISTED[form].size}`.padStart(COST_WIDTH),
  );
  const columns = forms.map(() => `${'parameters'.padStart(12)}${'mult-adds'.padStart(10)}`);
  return [
    `${pc.bold(title.padEnd(indent))}${named.join('  ')}`,
    pc.dim(`${' '.repeat(indent)}${columns.join('  ')}`),
  ];
}

function networks(): string[] {
  const indent = 18;
  const lines = heading('Networks (--model)', FORMS, indent);
  for (const entry of MODELS) {
    const costs = FORMS.map((form) =>
      entry.forms.includes(form) ? cost(configOf(entry, form)) : ' '.repeat(COST_WIDTH),
    );
    const left = `  ${entry.name.padEnd(indent - 2)}${costs.join('  ')}  `;
    lines.push(...beside(left, entry.description, terminalWidth(), 4));
  }
  const { imagenet, cifar } = LISTED;
  const note =
    `with ${plural(imagenet.classes, 'class')} in the form imagenet, ${cifar.classes} in the form cifar (--form); the ResNets' first ` +
    'layer has a bias as in the code of the paper, 64 parameters more than torchvision has (--no-stem-bias leaves it out)';
  lines.push(...wrapText(note, terminalWidth() - 2).map((line) => pc.dim(`  ${line}`)));
  return lines;
}

function variants(): string[] {
  const width = terminalWidth();
  const stems = STEMS.flatMap(({ flags, what }) => beside(`  ${flags.padEnd(32)}`, what, width, 6));
  const blurs = (Object.keys(ANTIALIAS) as Antialias[]).flatMap((name) =>
    beside(`  ${`--antialias ${name}`.padEnd(32)}`, ANTIALIAS[name], width, 6),
  );
  return [
    pc.bold('First layers (--stem, --avg, --alpha), for every network'),
    ...stems,
    '',
    pc.bold('Blurs against aliasing (--antialias), for the ResNets, with any first layer'),
    ...blurs,
  ];
}

function details(entry: ModelEntry): string[] {
  const indent = 34;
  const forms = FORMS.filter((form) => entry.forms.includes(form));
  const lines = [`${pc.bold(entry.name)}  ${entry.description}`, '', ...heading('Variants', forms, indent)];
  for (const antialias of entry.antialias) {
    for (const { stem } of STEMS) {
      const configs = forms.map((form) => configOf(entry, form, stem, antialias));
      lines.push(`  ${variantName(configs[0]).padEnd(indent - 2)}${configs.map(cost).join('  ')}`);
    }
  }
  return lines;
}

function configOf(
  { name, width }: ModelEntry,
  form: Form,
  stem: StemConfig = { kind: 'conv' },
  antialias: Antialias = 'none',
): ModelConfig {
  return { model: name, form, width, classes: LISTED[form].classes, stem, antialias };
}

function presets(): string[] {
  const cycle = `momentum ${MOMENTUM_RANGE.max} to ${MOMENTUM_RANGE.base} and back`;
  const lines = [pc.bold('Recipes (--preset), SGD with one cycle of the learning rate')];
  for (const [name, { description, recipe }] of Object.entries(PRESETS)) {
    const { epochs, batchSize, rates, momentum, weightDecay } = recipe;
    const numbers = [
      plural(epochs, 'epoch'),
      `batch ${batchSize}`,
      `rate ${short(rates.initial)} to ${short(rates.max)} to ${short(rates.end)}`,
      momentum === 'cycle' ? cycle : `momentum ${momentum}`,
      `weight decay ${short(weightDecay)}`,
    ];
    const recipeLines = wrapText(numbers.join(', '), terminalWidth() - 14);
    lines.push(
      `  ${name.padEnd(12)}${description}`,
      ...recipeLines.map((line) => pc.dim(`${' '.repeat(14)}${line}`)),
    );
  }
  return lines;
}
