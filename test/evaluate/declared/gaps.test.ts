import { describe, expect, it } from 'vitest';
import { describeDeclared } from '../../../src/evaluate/model/declared/declared.ts';
import { type PreprocessingFlags, resolvePreprocessing } from '../../../src/evaluate/model/preprocessing.ts';
import { declaredBy, port, resolvedBy } from './prepare.ts';

const VALUES = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
const VIT = { image_processor_type: 'ViTImageProcessor', size: 12, resample: 2, ...VALUES };

/** A configuration, how the error begins, and options that replace what it says. */
type Refused = readonly [config: Record<string, unknown>, says: RegExp, instead: PreprocessingFlags];

const ofProcessors: Refused[] = [
  // Without a class that is known, only what all of them agree on is followed.
  [
    { size: 12, resample: 2, do_center_crop: false, ...VALUES },
    /"size": 12, which classes read differently/,
    { fit: 'squeeze', inputSize: { width: 12, height: 12 } },
  ],
  [
    { size: { height: 12, width: 12 }, resample: 2, ...VALUES },
    /neither "do_center_crop" nor a known "image_processor_type"/,
    { fit: 'squeeze', inputSize: { width: 12, height: 12 } },
  ],
  [
    { size: { height: 12, width: 12 }, do_center_crop: false, ...VALUES },
    /no "resample".*; pass --resample bilinear/,
    { resample: 'bilinear' },
  ],
  [
    {
      size: { shortest_edge: 14 },
      do_center_crop: true,
      crop_size: 12,
      crop_pct: 0.9,
      resample: 2,
      ...VALUES,
    },
    /"crop_pct": 0.9/,
    { resize: 14, inputSize: { width: 12, height: 12 } },
  ],
  [
    {
      image_processor_type: 'DPTImageProcessor',
      size: { height: 12, width: 12 },
      do_center_crop: false,
      resample: 2,
      ensure_multiple_of: 32,
      ...VALUES,
    },
    /"ensure_multiple_of": 32, .* "image_processor_type": "DPTImageProcessor", whose steps are not known/,
    { fit: 'squeeze', mean: [0, 0, 0], std: [1, 1, 1] },
  ],
  // Steps that a class does not know.
  [
    { ...VIT, do_flip_channel_order: true },
    /"do_flip_channel_order": true, .*; pass --channels rgb or bgr/,
    { channels: 'bgr' },
  ],
  [
    { ...VIT, do_center_crop: true, crop_size: 10 },
    /"do_center_crop": true, which ViTImageProcessor does in some versions/,
    { fit: 'squeeze' },
  ],
  [{ ...VIT, do_pad: true }, /"do_pad": true, which ViTImageProcessor does not know/, { fit: 'pad' }],
  [{ ...VIT, do_thumbnail: true }, /"do_thumbnail": true/, { fit: 'pad' }],
  [
    { ...VIT, include_top: true },
    /"include_top": true, .*; pass --mean and --std/,
    { mean: [0, 0, 0], std: [1, 1, 1] },
  ],
  [{ ...VIT, rescale_offset: true }, /"rescale_offset": true/, { mean: [0, 0, 0], std: [1, 1, 1] }],
  // Sizes that say no size.
  [
    { ...VIT, size: { longest_edge: 20 } },
    /"size": {"longest_edge":20}, which is not understood here; pass --fit squeeze/,
    { fit: 'pad', inputSize: { width: 12, height: 12 } },
  ],
  [
    { ...VIT, size: { shortest_edge: 20, longest_edge: 30 } },
    /"size"/,
    { resize: 20, inputSize: { width: 12, height: 12 } },
  ],
  [
    { ...VIT, size: { shortest_edge: 20 } },
    /short side is resized to 20 and nothing cropped \("do_center_crop"\)/,
    { resize: 20, inputSize: { width: 12, height: 12 } },
  ],
  [{ ...VIT, size: 'large' }, /"size": "large"/, { fit: 'squeeze', inputSize: { width: 12, height: 12 } }],
  [
    { image_processor_type: 'ConvNextImageProcessor', size: { height: 12, width: 12 } },
    /"size": .* which ConvNextImageProcessor does not take/,
    { fit: 'squeeze', inputSize: { width: 12, height: 12 } },
  ],
  [{ ...VIT, resample: 7 }, /"resample": 7, which is none of Pillow's filters/, { resample: 'box' }],
  // Values.
  [
    { ...VIT, image_mean: [0.5, 0.5] },
    /"image_mean": \[0.5,0.5\], where one or three numbers are expected/,
    { mean: [0, 0, 0], std: [1, 1, 1] },
  ],
  [
    { ...VIT, image_std: [0.5, 0, 0.5] },
    /"image_std": .* numbers above 0/,
    { mean: [0, 0, 0], std: [1, 1, 1] },
  ],
  [
    { ...VIT, rescale_factor: '1/255' },
    /"rescale_factor": "1\/255", where a number above 0 is expected/,
    { mean: [0, 0, 0], std: [1, 1, 1] },
  ],
  [
    { ...VIT, do_normalize: 'yes' },
    /"do_normalize": "yes", where true or false is expected/,
    { mean: [0, 0, 0], std: [1, 1, 1] },
  ],
];

const TIMM = { input_size: [3, 12, 12], mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const ofTimm: Refused[] = [
  [
    { ...TIMM, interpolation: 'random' },
    /"interpolation": "random", which is no single filter; pass --resample/,
    { resample: 'bicubic' },
  ],
  [
    { ...TIMM, crop_mode: 'tile' },
    /"crop_mode": "tile", which is none of center, squash and border/,
    { fit: 'squeeze' },
  ],
  [
    { ...TIMM, input_size: 12 },
    /"input_size": 12, where channels, height and width are expected/,
    { fit: 'squeeze' },
  ],
  [{ ...TIMM, mean: [0.5, 0.5] }, /"mean": \[0.5,0.5\]/, { mean: [0, 0, 0], std: [1, 1, 1] }],
];

describe('a configuration that cannot be followed whole', () => {
  const size = port(12, 12);

  it.each(ofProcessors)('is refused until options replace the key: %j', async (config, says, instead) => {
    const files = { 'preprocessor_config.json': config };
    await expect(resolvedBy(files, {}, size)).rejects.toThrow(says);
    await expect(resolvedBy(files, {}, size)).rejects.toThrow(
      /^model\.onnx: preprocessor_config\.json.* says /,
    );
    const resolved = await resolvedBy(files, instead, size);
    expect(resolved).toMatchObject({ width: 12, height: 12 });
  });

  it.each(ofTimm)("of timm's as well: %j", async (config, says, instead) => {
    const files = { 'config.json': { pretrained_cfg: config } };
    await expect(resolvedBy(files, {}, size)).rejects.toThrow(says);
    await expect(resolvedBy(files, instead, size)).resolves.toMatchObject({ width: 12, height: 12 });
  });

  it('is refused where it is no JSON', async () => {
    const files = { 'preprocessor_config.json': '{' };
    await expect(resolvedBy(files, {}, size)).rejects.toThrow(
      /says nothing that can be read: no JSON object/,
    );
    const given = { mean: [0, 0, 0], std: [1, 1, 1], fit: 'none' } as const;
    await expect(resolvedBy(files, given, size)).resolves.toMatchObject({ resize: null });
  });

  it('is refused for a model of another size, which nobody knows how to prepare for', async () => {
    const files = { 'preprocessor_config.json': VIT };
    await expect(resolvedBy(files, {}, port(16, 16))).rejects.toThrow(
      /\(ViTImageProcessor\) prepares images of 12×12, the model takes 16×16; .* --fit squeeze or --resize 16, or --fit none/,
    );
    const cropped = { ...VIT, resample: 3 };
    expect(
      await resolvedBy({ 'preprocessor_config.json': cropped }, { resize: 20 }, port(16, 16)),
    ).toMatchObject({ width: 16, resize: 20, resample: 'bicubic' });
  });

  it("of timm's is reckoned anew for another size, as timm does", async () => {
    const cfg = {
      ...TIMM,
      crop_pct: 0.75,
      test_input_size: [3, 18, 18],
      test_crop_pct: 1.0,
      interpolation: 'bilinear',
    };
    const files = { 'config.json': { pretrained_cfg: cfg } };
    expect(await resolvedBy(files, {}, port(12, 12))).toMatchObject({ resize: 16 });
    expect(await resolvedBy(files, {}, port(15, 15))).toMatchObject({ width: 15, resize: 20 });
    expect(await resolvedBy(files, {}, port(18, 18))).toMatchObject({ width: 18, resize: 18 });
  });
});

describe('what is said of a configuration', () => {
  const described = async (files: Record<string, unknown>, flags: PreprocessingFlags = {}, pixels = false) =>
    describeDeclared((await declaredBy(files))!, flags, pixels);

  it('names the class, and what options overrule', async () => {
    const files = { 'preprocessor_config.json': { ...VIT, do_reduce_labels: true, input_data_format: null } };
    expect(await described(files)).toBe('preprocessor_config.json (ViTImageProcessor)');
    expect(await described(files, { mean: [0, 0, 0], fit: 'pad' })).toBe(
      'preprocessor_config.json (ViTImageProcessor), but --fit, --mean as given',
    );
    expect(await described(files, {}, true)).toMatch(
      /; its mean and std are left out: the model takes pixels$/,
    );
  });

  it('names keys that are left out, and defaults that stand for keys that are not there', async () => {
    const files = {
      'preprocessor_config.json': { feature_extractor_type: 'MobileViTFeatureExtractor', crop_pct: 0.9 },
    };
    expect(await described(files)).toBe(
      'preprocessor_config.json (MobileViTImageProcessor); not told there, so as MobileViTImageProcessor of transformers 4: ' +
        'size 224, crop_size 256, resample bilinear; left out: "crop_pct": 0.9',
    );
    expect(await described({ 'config.json': { pretrained_cfg: { ...TIMM, colour: 'sepia' } } })).toBe(
      'config.json (timm); not told there, so as timm: crop_pct 0.875, interpolation bicubic; left out: "colour": "sepia"',
    );
    const unknown = { image_processor_type: 'NewImageProcessor', do_resize: false, ...VALUES };
    expect(await described({ 'preprocessor_config.json': unknown })).toMatch(
      /; its class NewImageProcessor is not known: read as most classes do$/,
    );
  });

  it('is read from a processor of several parts too', async () => {
    const files = { 'processor_config.json': { image_processor: VIT, processor_class: 'SomeProcessor' } };
    expect(await described(files)).toBe('processor_config.json (ViTImageProcessor)');
  });
});

describe("ONNX's image metadata", () => {
  const of = (
    entries: Record<string, string>,
    files: Record<string, unknown> = {},
    flags: PreprocessingFlags = {},
    channels = 3,
  ) =>
    declaredBy(
      files,
      Object.entries(entries).map(([key, value]) => ({ key, value })),
    ).then((declared) =>
      resolvePreprocessing(port(12, 12, channels), { file: 'model.onnx', declared, flags }),
    );
  const CUSTOM_VISION = {
    'Image.BitmapPixelFormat': 'Bgr8',
    'Image.ColorSpaceGamma': 'SRGB',
    'Image.NominalPixelRange': 'NominalRange_0_255',
  };

  it('gives channels and range', async () => {
    expect(await of(CUSTOM_VISION)).toMatchObject({
      channels: 'bgr',
      mean: [0, 0, 0],
      std: [1 / 255, 1 / 255, 1 / 255],
    });
    const range = (value: string) =>
      of({ 'Image.BitmapPixelFormat': 'Rgb8', 'Image.NominalPixelRange': value });
    expect(await range('Normalized_0_1')).toMatchObject({ mean: [0, 0, 0], std: [1, 1, 1] });
    expect(await range('Normalized_1_1')).toMatchObject({ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
    expect(await range('Normalized_1_1')).not.toHaveProperty('channels');
    const grey = { 'Image.BitmapPixelFormat': 'Gray8', 'Image.NominalPixelRange': 'Normalized_0_1' };
    expect(await of(grey, {}, {}, 1)).toMatchObject({ channels: 'grey' });
  });

  it('is refused where it asks for what is not made, or says other than a configuration', async () => {
    const values = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
    await expect(of({ ...CUSTOM_VISION, 'Image.ColorSpaceGamma': 'Linear' })).rejects.toThrow(
      /"Image.ColorSpaceGamma": "Linear", .*; pass --mean and --std/,
    );
    await expect(of({ ...CUSTOM_VISION, 'Image.NominalPixelRange': 'NominalRange_16_235' })).rejects.toThrow(
      /"Image.NominalPixelRange": "NominalRange_16_235"/,
    );
    await expect(of({ ...CUSTOM_VISION, 'Image.BitmapPixelFormat': 'Bgra8' })).rejects.toThrow(
      /"Image.BitmapPixelFormat": "Bgra8", .*; pass --channels/,
    );
    await expect(of(CUSTOM_VISION, {}, { channels: 'rgb' })).resolves.not.toHaveProperty('channels');
    const files = { 'preprocessor_config.json': VIT };
    await expect(of(CUSTOM_VISION, files, values)).rejects.toThrow(
      /says another order of channels than preprocessor_config.json .*; pass --channels/,
    );
    await expect(of(CUSTOM_VISION, files)).rejects.toThrow(
      /says another range of values than preprocessor_config.json/,
    );
    expect(await of(CUSTOM_VISION, files, { ...values, channels: 'bgr' })).toMatchObject({
      fit: 'squeeze',
      channels: 'bgr',
      ...values,
    });
  });
});
