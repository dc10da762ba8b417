export { ReLU, SiLU } from './activation.ts';
export { AdaptiveAvgPool2d } from './adaptive-avg-pool.ts';
export { BatchNorm2d, type BatchNorm2dOptions } from './batch-norm.ts';
export { BlurPool2d } from './blur-pool.ts';
export {
  InferenceContext,
  initialWeights,
  OutlineContext,
  TrainingContext,
  type Weights,
  weightMismatches,
} from './contexts.ts';
export { Conv2d, type Conv2dOptions } from './conv.ts';
export { Dropout, StochasticDepth } from './dropout.ts';
export type { LayerInit } from './init.ts';
export { Linear } from './linear.ts';
export { MaxPool2d } from './max-pool.ts';
export { type ForwardContext, Module, Parameter } from './module.ts';
export { PushPullConv2d, type PushPullConv2dOptions } from './pushpull/pushpull.ts';
export { PushPull2020Conv2d, type PushPull2020Conv2dOptions } from './pushpull/pushpull2020.ts';
export { Sequential } from './sequential.ts';
export { SqueezeExcitation } from './squeeze-excitation.ts';
