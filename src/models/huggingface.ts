/** A model as Hugging Face's libraries want it: the files of a folder that transformers.js and optimum load. */
import { UserError } from '../errors.ts';
import type { ModelCard, Preprocessing } from './card.ts';

/** Names of the ONNX model's input and output there. */
export const PIXEL_VALUES = 'pixel_values';

/**
 * Whose classes load it. They run the ONNX file and take from the configuration the names of the classes alone, so that
 * of ResNets and EfficientNet the kin is told, with whatever first layer. They know no AlexNet; any kin will do for it.
 */
const KIN: Readonly<Record<string, readonly [modelType: string, architecture: string]>> = {
  efficientnet: ['efficientnet', 'EfficientNetForImageClassification'],
  other: ['resnet', 'ResNetForImageClassification'],
};

/** Pillow's numbers of filters. */
const RESAMPLE = { nearest: 0, lanczos: 1, bilinear: 2, bicubic: 3, box: 4, hamming: 5 } as const;

/** What `config.json` holds; `pushpull` is ours. */
export function huggingFaceConfig({ model, classes, preprocessing }: ModelCard): Record<string, unknown> {
  const [modelType, architecture] = KIN[model.name.split('_')[0]!] ?? KIN.other!;
  const names = Array.from({ length: model.classes }, (_, index) => classes[index] ?? `LABEL_${index}`);
  return {
    architectures: [architecture],
    model_type: modelType,
    image_size: preprocessing.height,
    num_channels: 3,
    id2label: Object.fromEntries(names.entries()),
    label2id: Object.fromEntries(names.map((name, index) => [name, index])),
    pushpull: { ...model },
  };
}

/**
 * What `preprocessor_config.json` holds. CLIP's processor is the one that resizes the short side, crops the middle and
 * normalises, each with its own switch, in every version.
 *
 * @throws UserError for what that processor cannot do
 */
export function huggingFaceProcessor(preprocessing: Preprocessing): Record<string, unknown> {
  const { width, height, resize, fit, fill, channels, layout, dtype, mean, std, resample } = preprocessing;
  const beyond = Object.entries({ fit, fill, channels }).find(([, value]) => value !== undefined);
  if (
    beyond !== undefined ||
    layout !== 'NCHW' ||
    dtype !== 'float32' ||
    (resize !== null && typeof resize !== 'number')
  ) {
    const [name, value] = beyond ?? ['preprocessing', preprocessing];
    throw new UserError(
      `--to huggingface: expected images that are resized, cropped and normalised, found "${name}": ` +
        `${JSON.stringify(value)}, which preprocessor_config.json cannot say; export to an .onnx file`,
    );
  }
  return {
    image_processor_type: 'CLIPImageProcessor',
    do_convert_rgb: true,
    do_resize: resize !== null,
    ...(resize !== null && {
      size: { shortest_edge: resize },
      resample: RESAMPLE[resample ?? 'bilinear'],
    }),
    do_center_crop: resize !== null,
    ...(resize !== null && { crop_size: { height, width } }),
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: [...mean],
    image_std: [...std],
  };
}

/** Errors to show, as fractions of 1. */
export interface CardMetrics {
  /** What they were measured on. */
  readonly data: string;
  readonly rows: readonly (readonly [name: string, value: number])[];
}

/** The model card, README.md. */
export function huggingFaceReadme(card: ModelCard, name: string, metrics?: CardMetrics): string {
  const { model, classes, preprocessing } = card;
  const { width, height, mean, std, resize, resample = 'bilinear' } = preprocessing;
  const images =
    resize === null
      ? `${width}×${height} pixels; pictures of other sizes are to be resized before`
      : `short side to ${resize} (${resample}), then ${width}×${height} from the centre`;
  const shown = classes.slice(0, SHOWN).map(plain).join(', ');
  const more = classes.length > SHOWN ? ` and ${classes.length - SHOWN} more` : '';
  return `---
pipeline_tag: image-classification
tags:
  - onnx
  - transformers.js
  - push-pull
---

# ${plain(name)}

| | |
|---|---|
| network | ${model.name}, width ${model.width}, ${model.variant === 'baseline' ? 'plain' : model.variant} |
| parameters | ${model.parameters} |
| classes | ${classes.length === 0 ? `${model.classes}, whose names are not known` : `${model.classes}: ${shown}${more}`} |
| images | ${images} |
| normalised | mean ${mean.join(', ')}; std ${std.join(', ')} |

Made by pushpull (the npm package pushpull-net), which trains networks with push-pull inhibition in the first layer
(https://arxiv.org/abs/2408.04077) and measures classifiers under image corruptions.
${metrics === undefined ? '' : metricsSection(metrics)}
## Use

In JavaScript, with transformers.js:

\`\`\`js
import { pipeline } from '@huggingface/transformers';

const classify = await pipeline('image-classification', MODEL, { dtype: 'fp32' });
console.log(await classify('picture.jpg'));
\`\`\`

In Python, with optimum:

\`\`\`python
from optimum.onnxruntime import ORTModelForImageClassification
from PIL import Image
from transformers import AutoImageProcessor

processor = AutoImageProcessor.from_pretrained(MODEL)
model = ORTModelForImageClassification.from_pretrained(MODEL, subfolder="onnx")
logits = model(**processor(Image.open("picture.jpg"), return_tensors="pt")).logits
print(model.config.id2label[int(logits.argmax())])
\`\`\`

Under corruptions: \`npx pushpull-net evaluate FOLDER --data PICTURES\`. \`config.json\` names a kindred network so that these libraries load
the ONNX file; the network is the one in the table above.
`;
}

/** Classes that are listed. */
const SHOWN = 20;

/** Text that a table's cell or a heading may hold. */
const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_{}[\]<>|#]/g, '\\$&');

function metricsSection({ data, rows }: CardMetrics): string {
  const lines = rows.map(([name, value]) => `| ${name} | ${value.toFixed(4)} |`);
  return `
## Errors

On ${plain(data)}, as fractions of 1; lower is better.

| | |
|---|--:|
${lines.join('\n')}
`;
}
