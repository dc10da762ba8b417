/** The image processors of HuggingFace's transformers: what each does where a configuration does not say. */

/** How a class reads `size`: as others do, or with a factor of its own. */
export type ResizeRule = 'plain' | 'convnext' | 'levit' | 'poolformer' | 'perceiver';

export interface Processor {
  readonly rule: ResizeRule;
  readonly size: number;
  /** Whether a plain number as `size` stands for width and height, in place of the short side. */
  readonly square: boolean;
  /** Whether the middle is cut out; undefined where the class knows no cropping. */
  readonly crop?: boolean;
  readonly cropSize: number;
  /** Pillow's number. */
  readonly resample: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** `crop_pct`. */
  readonly cropFraction?: number;
  /** Whether values are normalised at all. */
  readonly normalizes: boolean;
  /** EfficientNet's `include_top` and `rescale_offset`. */
  readonly dividesTwice?: boolean;
  /** MobileViT's `do_flip_channel_order`. */
  readonly flips?: boolean;
}

const HALF = [0.5, 0.5, 0.5];
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const CLIP_VALUES = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};
const [NEAREST, BILINEAR, BICUBIC] = [0, 2, 3];

/** The short side to 224, then the middle: most classes are this one with another detail or two. */
const BIT: Processor = {
  ...{ rule: 'plain', size: 224, square: false, crop: true, cropSize: 224, resample: BICUBIC },
  ...{ ...CLIP_VALUES, normalizes: true },
};
/** Width and height apart. */
const VIT: Processor = {
  ...{ rule: 'plain', size: 224, square: true, cropSize: 224, resample: BILINEAR },
  ...{ mean: HALF, std: HALF, normalizes: true },
};
const MOBILENET: Processor = { ...BIT, size: 256, resample: BILINEAR, mean: HALF, std: HALF };
const BEIT: Processor = { ...VIT, size: 256, crop: true, resample: BICUBIC };

/** By class name without `ImageProcessor`; the defaults are those of version 4.57's classes on Pillow. */
const PROCESSORS: Readonly<Record<string, Processor>> = {
  Beit: BEIT,
  Bit: BIT,
  Blip: { ...VIT, ...CLIP_VALUES, size: 384, resample: BICUBIC },
  CLIP: BIT,
  ChineseCLIP: BIT,
  ConvNext: { ...VIT, rule: 'convnext', size: 384, square: false, cropFraction: 224 / 256 },
  DINOv3ViT: { ...VIT, ...IMAGENET },
  DeiT: BEIT,
  EfficientFormer: { ...VIT, ...IMAGENET, crop: true, resample: BICUBIC },
  EfficientNet: { ...VIT, size: 346, crop: false, cropSize: 289, resample: NEAREST, dividesTwice: true },
  Flava: { ...VIT, ...CLIP_VALUES, crop: true, resample: BICUBIC },
  Levit: { ...BIT, ...IMAGENET, rule: 'levit' },
  MobileNetV1: MOBILENET,
  MobileNetV2: MOBILENET,
  MobileViT: { ...BIT, cropSize: 256, resample: BILINEAR, normalizes: false, flips: true },
  Perceiver: { ...VIT, ...IMAGENET, rule: 'perceiver', crop: true, cropSize: 256, resample: BICUBIC },
  PoolFormer: { ...BIT, ...IMAGENET, rule: 'poolformer', cropFraction: 0.9 },
  Pvt: { ...VIT, ...IMAGENET },
  Segformer: { ...VIT, ...IMAGENET, size: 512 },
  // It cannot be made with a plain number.
  Siglip: { ...VIT, square: false, resample: BICUBIC },
  ViT: VIT,
  ViTHybrid: BIT,
};

/** What the newer classes on torchvision have otherwise. */
const FAST: Readonly<Record<string, Partial<Processor>>> = {
  Beit: { size: 224, crop: false },
  Blip: { crop: false },
  ConvNext: { crop: false },
  DINOv3ViT: { crop: false },
  Pvt: { crop: false },
  Segformer: { crop: false },
  Siglip: { crop: false },
  ViT: { crop: false },
};

/** Processors of a model's type, for files that do not name their class. */
const OF_MODELS: Readonly<Record<string, string>> = {
  ...{ beit: 'Beit', 'data2vec-vision': 'Beit', bit: 'Bit', dinov2: 'Bit', focalnet: 'Bit', hiera: 'Bit' },
  ...{ dinov2_with_registers: 'Bit', clip: 'CLIP', convnext: 'ConvNext', convnextv2: 'ConvNext' },
  ...{ cvt: 'ConvNext', regnet: 'ConvNext', resnet: 'ConvNext', van: 'ConvNext', deit: 'DeiT' },
  ...{ dinat: 'ViT', nat: 'ViT', ijepa: 'ViT', swin: 'ViT', swinv2: 'ViT', swiftformer: 'ViT', vit: 'ViT' },
  ...{ vit_mae: 'ViT', vit_msn: 'ViT', vit_hybrid: 'ViTHybrid', dinov3_vit: 'DINOv3ViT' },
  ...{ dinov3_convnext: 'DINOv3ViT', efficientformer: 'EfficientFormer', efficientnet: 'EfficientNet' },
  ...{ levit: 'Levit', mobilenet_v1: 'MobileNetV1', mobilenet_v2: 'MobileNetV2', mobilevit: 'MobileViT' },
  ...{ mobilevitv2: 'MobileViT', perceiver: 'Perceiver', poolformer: 'PoolFormer', pvt: 'Pvt' },
  ...{ pvt_v2: 'Pvt', segformer: 'Segformer', siglip: 'Siglip', siglip_vision_model: 'Siglip' },
};

/**
 * The processor that a class name stands for, `ViTImageProcessor`, `ViTFeatureExtractor` or `ViTImageProcessorFast`;
 * undefined for one that is not known here.
 */
export function processorOf(type: string): Processor | undefined {
  const match = /^(.+?)(?:ImageProcessor|FeatureExtractor)(Fast|Pil)?$/.exec(type);
  if (!match) return undefined;
  const [, name, backend] = match;
  const family = Object.keys(PROCESSORS).find((known) => known.toLowerCase() === name.toLowerCase());
  if (family === undefined) return undefined;
  return { ...PROCESSORS[family], ...(backend === 'Fast' && FAST[family]) };
}

/** The class that prepares images for models of a type, `swin`; undefined for one that is not known here. */
export function processorOfModel(modelType: string): string | undefined {
  const name = Object.hasOwn(OF_MODELS, modelType) ? OF_MODELS[modelType] : undefined;
  return name && `${name}ImageProcessor`;
}
