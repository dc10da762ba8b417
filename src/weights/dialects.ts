/**
 * The names that other programs give to the tensors of the same networks. Ours are torchvision's. A dialect is data:
 * a name that only it has, what its names are here, and what its networks have that cannot be told from tensors.
 */
import type { Antialias, BatchNormConfig } from '../models/config.ts';
import { EFFICIENTNET_BATCH_NORM } from '../models/efficientnet.ts';
import { PYTORCH_BATCH_NORM } from '../models/registry.ts';

type Rename = readonly [pattern: RegExp, replacement: string | ((...match: string[]) => string)];

export interface Dialect {
  /** As told to people: whose names these are. */
  readonly name: string;
  /** A file speaks the first dialect of which it has such a name. */
  readonly marks: readonly RegExp[];
  /** Where a mark alone does not tell: the file has such a name too. */
  readonly and?: RegExp;
  /** Applied one after the other. */
  readonly renames: readonly Rename[];
  /** The network has blurs, which show in names, not in parameters. */
  readonly antialias?: Antialias;
  /** Constants of the batch norms with which the published weights were trained, by network. */
  readonly batchNorm?: Readonly<Record<string, BatchNormConfig>>;
  /**
   * How images of 224 pixels were made for testing, from a short side of 256; `paper` where it is this project's own way.
   * Default: bilinear.
   */
  readonly tested?: 'bicubic' | 'paper';
  /** What else is different about networks with these names, by network. */
  readonly caveats?: Readonly<Record<string, string>>;
}

/** Wrappers (DataParallel, Lightning, torch.compile, ...) put a prefix before everything, and each other's. */
const WRAPPERS = /^(module|model|_orig_mod|net|network|backbone)\./;

/** These stand around parts of a network as well: `features.module.0.weight`. */
const INNER_WRAPPERS = /(^|\.)(?:(?:module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.)+/g;

/** Not weights: PyTorch counts batches for another kind of running average, and blurs have no parameters here. */
const IGNORED = /(^|\.)(num_batches_tracked|filt)$/;

/** First layers that inhibit (bgswaroop/pushpull-conv), whatever the name of the layer is. */
const PUSH_PULL: readonly Rename[] = [
  [/\.push_conv\.weight$/, '.weight'],
  [/\.pull_inhibition_strength$/, '.alpha'],
  // Its version of the push-pull layer of 2020.
  [/\.push\.(weight|bias)$/, '.$1'],
];

/** The blur comes first in its shortcuts, so that the others count from 1; stages but the first have one. */
const BLURRED_SHORTCUT: readonly Rename[] = [[/^(layer[234]\.0\.downsample)\.1\./, '$1.0.']];
const SHIFTED_NORM: readonly Rename[] = [[/^(layer[234]\.0\.downsample)\.2\./, '$1.1.']];
const CLASSIFIER: Rename = [/^classifier\./, 'fc.'];

/** A block's place among all blocks of EfficientNet-B0, as the stages of Tan & Le 2019, table 1, count them. */
const EFFICIENTNET_B0_BLOCKS = [1, 2, 2, 3, 3, 4, 1].flatMap((blocks, stage) =>
  Array.from({ length: blocks }, (_, block) => `features.${stage + 1}.${block}`),
);

/** Parts of torchvision's blocks: without the expansion, which the first stage does not have, all are one further up. */
function blockPart(first: boolean, part: number): string {
  return `block.${first ? part - 1 : part}`;
}

/** A part of a block by timm's name. In the first stage `conv_pw` is the convolution at the end. */
function timmBlock(whole: string, stage: string, block: string, part: string): string {
  const first = stage === '0';
  const places: Readonly<Record<string, string | undefined>> = {
    ...(first
      ? { conv_dw: 'block.0.0', bn1: 'block.0.1', conv_pw: 'block.2.0', bn2: 'block.2.1' }
      : { conv_pw: 'block.0.0', bn1: 'block.0.1', conv_dw: 'block.1.0', bn2: 'block.1.1' }),
    conv_pwl: 'block.3.0',
    bn3: 'block.3.1',
    'se.conv_reduce': `${blockPart(first, 2)}.fc1`,
    'se.conv_expand': `${blockPart(first, 2)}.fc2`,
  };
  const place = places[part];
  return place === undefined ? whole : `features.${Number(stage) + 1}.${block}.${place}.`;
}

/** A part of a block by the name that lukemelas/EfficientNet-PyTorch gives it; its blocks are counted through. */
function lukemelasBlock(whole: string, index: string, part: string): string {
  const block = EFFICIENTNET_B0_BLOCKS[Number(index)];
  const first = index === '0';
  const places: Readonly<Record<string, string | undefined>> = {
    _expand_conv: `${blockPart(first, 0)}.0`,
    _bn0: `${blockPart(first, 0)}.1`,
    _depthwise_conv: `${blockPart(first, 1)}.0`,
    _bn1: `${blockPart(first, 1)}.1`,
    _se_reduce: `${blockPart(first, 2)}.fc1`,
    _se_expand: `${blockPart(first, 2)}.fc2`,
    _project_conv: `${blockPart(first, 3)}.0`,
    _bn2: `${blockPart(first, 3)}.1`,
  };
  const place = places[part];
  return block === undefined || place === undefined ? whole : `${block}.${place}.`;
}

export const DIALECTS: readonly Dialect[] = [
  {
    name: 'BlurConv1 networks (antialiased-cnns, and the reference implementation)',
    marks: [/^layer\d+\.\d+\.conv[23]\.1\.weight$/],
    renames: [
      [/^(layer\d+\.\d+\.conv[23])\.1\./, '$1.'],
      ...BLURRED_SHORTCUT,
      ...SHIFTED_NORM,
      ...PUSH_PULL,
      CLASSIFIER,
    ],
    antialias: 'blurconv1',
  },
  {
    name: 'BlurConv2 networks of the reference implementation',
    tested: 'paper',
    marks: [/^layer\d+\.\d+\.conv[12]\.0\.weight$/],
    renames: [[/^(conv1|layer\d+\.\d+\.conv[12])\.0\./, '$1.'], ...SHIFTED_NORM, ...PUSH_PULL, CLASSIFIER],
    antialias: 'blurconv2',
  },
  {
    name: 'the reference implementation (bgswaroop/pushpull-conv)',
    tested: 'paper',
    marks: [/^bn\.running_mean$/, /^conv1\.push(_conv)?\.weight$/],
    renames: [...PUSH_PULL, [/^bn\./, 'bn1.'], CLASSIFIER],
  },
  {
    name: 'lukemelas/EfficientNet-PyTorch',
    tested: 'bicubic',
    marks: [/^_conv_stem\./, /^_blocks\.\d+\._depthwise_conv\.weight$/],
    renames: [
      [/^_blocks\.(\d+)\.(\w+)\./, lukemelasBlock],
      ...PUSH_PULL,
      [/^_conv_stem\./, 'features.0.0.'],
      [/^_bn0\./, 'features.0.1.'],
      [/^_conv_head\./, 'features.8.0.'],
      [/^_bn1\./, 'features.8.1.'],
      [/^_fc\./, 'classifier.1.'],
    ],
    batchNorm: { efficientnet_b0: EFFICIENTNET_BATCH_NORM },
    caveats: {
      efficientnet_b0:
        "these weights were trained with TensorFlow's padding, which is uneven at even sizes; here all sides are padded " +
        'alike, so answers differ a little until the network is fine-tuned',
    },
  },
  {
    name: 'timm',
    tested: 'bicubic',
    marks: [/^conv_stem\./, /^blocks\.\d+\.\d+\.conv_dw\.weight$/],
    renames: [
      [/^blocks\.(\d+)\.(\d+)\.(se\.\w+|\w+)\./, timmBlock],
      [/^conv_stem\./, 'features.0.0.'],
      [/^bn1\./, 'features.0.1.'],
      [/^conv_head\./, 'features.8.0.'],
      [/^bn2\./, 'features.8.1.'],
      [/^classifier\./, 'classifier.1.'],
    ],
    batchNorm: { efficientnet_b0: PYTORCH_BATCH_NORM },
    caveats: {
      efficientnet_b0:
        "timm's efficientnet_b0 is meant, not its tf_ variants, which have eps 0.001 (--bn-eps) and TensorFlow's padding",
    },
  },
  {
    name: "HuggingFace's transformers",
    marks: [/^(resnet\.)?embedder\.embedder\.convolution\.weight$/],
    renames: [
      [/^(?:resnet\.)?embedder\.embedder\.convolution\./, 'conv1.'],
      [/^(?:resnet\.)?embedder\.embedder\.normalization\./, 'bn1.'],
      [
        /^(?:resnet\.)?encoder\.stages\.(\d+)\.layers\.(\d+)\./,
        (_, stage, block) => `layer${Number(stage) + 1}.${block}.`,
      ],
      [/^(layer\d+\.\d+)\.shortcut\.convolution\./, '$1.downsample.0.'],
      [/^(layer\d+\.\d+)\.shortcut\.normalization\./, '$1.downsample.1.'],
      [/^(layer\d+\.\d+)\.layer\.(\d+)\.convolution\./, (_, block, at) => `${block}.conv${Number(at) + 1}.`],
      [/^(layer\d+\.\d+)\.layer\.(\d+)\.normalization\./, (_, block, at) => `${block}.bn${Number(at) + 1}.`],
      [/^classifier\.1\./, 'fc.'],
    ],
    caveats: {
      resnet50:
        'strides are meant to be in the 3×3 convolutions (downsample_in_bottleneck false), as published',
    },
  },
  {
    name: 'kuangliu/pytorch-cifar',
    marks: [/^layer\d+\.\d+\.shortcut\.\d+\.weight$/],
    renames: [
      [/^(layer\d+\.\d+)\.shortcut\./, '$1.downsample.'],
      [/^linear\./, 'fc.'],
    ],
  },
  {
    name: 'OpenMMLab (mmpretrain)',
    marks: [/^head\.fc\.(weight|bias)$/],
    and: /^layer1\.0\.conv1\.weight$/,
    renames: [[/^head\.fc\./, 'fc.']],
    caveats: {
      resnet50:
        "strides are meant to be in the 3×3 convolutions (style 'pytorch'), which the tensors do not show",
    },
  },
  {
    // timm's ResNets have the same names.
    name: 'torchvision',
    marks: [/./],
    renames: [],
    batchNorm: { efficientnet_b0: PYTORCH_BATCH_NORM },
  },
];

export interface NamedTensors<T> {
  readonly dialect: Dialect;
  /** By the names that they have here. */
  readonly tensors: Map<string, T>;
  /** Names of the file, without wrappers, of what is no weight. */
  readonly ignored: ReadonlyMap<string, T>;
  /** Names here that two tensors of the file claim, with the file's names. */
  readonly clashes: ReadonlyMap<string, readonly string[]>;
}

/** Find out which dialect a file speaks, and give its tensors the names that they have here. */
export function translate<T>(tensors: ReadonlyMap<string, T>): NamedTensors<T> {
  const bare = [...tensors].map(([name, tensor]) => ({ name, plain: unwrapped(name), tensor }));
  const has = (mark: RegExp): boolean => bare.some(({ plain }) => mark.test(plain));
  const dialect = DIALECTS.find(({ marks, and }) => marks.some(has) && (and === undefined || has(and)));
  const spoken = dialect ?? DIALECTS[DIALECTS.length - 1];
  const named = new Map<string, T>();
  const ignored = new Map<string, T>();
  const origins = new Map<string, string[]>();
  for (const { name, plain, tensor } of bare) {
    if (IGNORED.test(plain)) {
      ignored.set(plain, tensor);
      continue;
    }
    const own = spoken.renames.reduce(
      (renamed, [pattern, replacement]) => renamed.replace(pattern, replacement as string),
      plain,
    );
    named.set(own, tensor);
    origins.set(own, [...(origins.get(own) ?? []), name]);
  }
  const clashes = new Map([...origins].filter(([, names]) => names.length > 1));
  return { dialect: spoken, tensors: named, ignored, clashes };
}

function unwrapped(name: string): string {
  const shorter = name.replace(INNER_WRAPPERS, '$1').replace(WRAPPERS, '');
  return shorter === name ? name : unwrapped(shorter);
}
