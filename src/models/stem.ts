import { Conv2d, type LayerInit, type Module, PushPull2020Conv2d, PushPullConv2d } from '../nn/index.ts';
import type { StemConfig } from './config.ts';

/**
 * Makes a network's first layer: `[N, inChannels, H, W]` to `[N, outChannels, H', W']`. It is injected, so that a plain
 * network and its push-pull twin differ in nothing else.
 */
export type StemFactory = (
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  geometry: { readonly stride: number; readonly padding: number; readonly init?: LayerInit },
) => Module;

/** The factory of a configured first layer. */
export function stemFactory(stem: StemConfig, bias: boolean): StemFactory {
  switch (stem.kind) {
    case 'conv':
      return (inChannels, outChannels, kernelSize, geometry) =>
        new Conv2d(inChannels, outChannels, kernelSize, { ...geometry, bias });
    case 'pushpull': {
      const { avg, alpha } = stem;
      return (inChannels, outChannels, kernelSize, geometry) =>
        new PushPullConv2d(inChannels, outChannels, kernelSize, { ...geometry, bias, avg, alpha });
    }
    case 'pushpull2020': {
      const { alpha } = stem;
      return (inChannels, outChannels, kernelSize, geometry) =>
        new PushPull2020Conv2d(inChannels, outChannels, kernelSize, { ...geometry, bias, alpha });
    }
  }
}
