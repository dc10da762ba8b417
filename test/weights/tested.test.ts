import { describe, expect, it } from 'vitest';
import { DIALECTS } from '../../src/weights/dialects.ts';
import { testedSize } from '../../src/weights/tested.ts';

const dialect = (part: string) => DIALECTS.find(({ name }) => name.includes(part))!;
const tested = (start: string, part = 'torchvision') =>
  testedSize({ sha256: start.padEnd(64, '0'), dialect: dialect(part) });

describe('testedSize', () => {
  it('knows published files by their hash', () => {
    // resnet50-11ad3fa6.pth: ResNet50_Weights.IMAGENET1K_V2.transforms() of torchvision 0.20 resizes to 232.
    expect(tested('11ad3fa6')).toEqual({
      of: 'torchvision, IMAGENET1K_V2',
      resize: 232,
      interpolation: 'bilinear',
      known: true,
    });
    expect(tested('7f5810bc')).toMatchObject({ resize: 256, interpolation: 'bicubic', known: true });
    // timm: floor(224 / 0.95)
    expect(tested('14fe96d1')).toMatchObject({ resize: Math.floor(224 / 0.95), interpolation: 'bicubic' });
  });

  it('goes by the names of the tensors else', () => {
    expect(tested('0676ba61')).toEqual({
      of: 'torchvision',
      resize: 256,
      interpolation: 'bilinear',
      known: false,
    });
    expect(tested('', 'timm')).toMatchObject({ resize: 256, interpolation: 'bicubic' });
    expect(tested('', 'lukemelas')).toMatchObject({ resize: 256, interpolation: 'bicubic' });
    expect(tested('', 'bgswaroop')).toBeUndefined();
  });
});
