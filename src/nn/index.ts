export { BatchNorm2d, type BatchNorm2dOptions } from './batch-norm.ts';
export {
  InferenceContext,
  initialWeights,
  TrainingContext,
  type Weights,
  weightMismatches,
} from './contexts.ts';
export { Conv2d, type Conv2dOptions } from './conv.ts';
export { Linear } from './linear.ts';
export { type ForwardContext, Module, Parameter } from './module.ts';
export { PushPullConv2d, type PushPullConv2dOptions } from './pushpull.ts';
