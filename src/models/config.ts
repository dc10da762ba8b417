/** The network's first layer: a plain convolution, or a unit that inhibits in its place. */
export type StemConfig =
  | { readonly kind: 'conv' }
  /** The push-pull unit of PushPull-Net (2024): `avg` is the side of the pull response's pooling, 0 for none. */
  | { readonly kind: 'pushpull'; readonly avg: number; readonly alpha: 'trainable' | number }
  /** The push-pull layer of Strisciuglio et al. (2020), whose pull kernel is the negated push kernel, twice as large. */
  | { readonly kind: 'pushpull2020'; readonly alpha: 'trainable' | number };

export type StemKind = StemConfig['kind'];

/** `cifar`: for small images, a stem of stride 1. `imagenet`: for 224×224 pixels, a stem of stride 2 or more. */
export type Form = 'cifar' | 'imagenet';

/**
 * How strided layers are kept from aliasing: `blurconv1` blurs behind the non-linearity (Zhang 2019), `blurconv2` behind
 * the convolution (Vasconcelos et al. 2020).
 */
export type Antialias = 'none' | 'blurconv1' | 'blurconv2';

/** Constants of every batch norm: added to the variance; weight of a new batch in the running statistics. */
export interface BatchNormConfig {
  readonly eps: number;
  readonly momentum: number;
}

/** Everything that decides a network's structure. Plain data; it travels with runs and models. */
export interface ModelConfig {
  /** A name of the registry. */
  readonly model: string;
  readonly form: Form;
  /** Channels of the first stage; all others scale with it. */
  readonly width: number;
  readonly classes: number;
  readonly stem: StemConfig;
  /** Default `none`. */
  readonly antialias?: Antialias;
  /** Whether the first layer has a bias. Default: as the network is published (see its registry entry). */
  readonly stemBias?: boolean;
  /** Default: as the network is published. */
  readonly batchNorm?: BatchNormConfig;
}

/** Short name of a configuration's variant: `baseline`, `push-pull avg3`, `blurconv2, push-pull avg0 α 2`. */
export function variantName({ stem, antialias = 'none' }: Pick<ModelConfig, 'stem' | 'antialias'>): string {
  const parts = [antialias === 'none' ? '' : antialias, stemName(stem)].filter((part) => part !== '');
  return parts.length === 0 ? 'baseline' : parts.join(', ');
}

function stemName(stem: StemConfig): string {
  switch (stem.kind) {
    case 'conv':
      return '';
    case 'pushpull':
      return `push-pull avg${stem.avg}${stem.alpha === 'trainable' ? '' : ` α ${stem.alpha}`}`;
    case 'pushpull2020':
      return `push-pull 2020${stem.alpha === 'trainable' ? '' : ` α ${stem.alpha}`}`;
  }
}
