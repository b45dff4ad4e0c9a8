import { augmentationRecipe, parseRecipe, recipes, type AugmentationRecipe } from '@protocl/augment';
import { describe, expect, test } from '@jest/globals';

describe('parseRecipe', () => {
  test('fills in defaults and writes ranges as pairs', () => {
    const { randomResizedCrop, colorJitter, grayscale } = parseRecipe({
      randomResizedCrop: { size: 32 },
      colorJitter: { probability: 1, brightness: 0.4, contrast: 1.5, hue: 0.1 },
      grayscale: { probability: 0.2 },
      normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
    });
    expect(randomResizedCrop).toEqual({ size: 32, scale: [0.08, 1], ratio: [3 / 4, 4 / 3] });
    expect(colorJitter).toEqual({
      probability: 1,
      brightness: [0.6, 1.4],
      contrast: [0, 2.5],
      saturation: [1, 1],
      hue: [-0.1, 0.1],
    });
    expect(grayscale).toEqual({ probability: 0.2, beforeColorJitter: false });
  });

  test('a parsed recipe is a recipe', () => {
    for (const recipe of Object.values(recipes)) {
      const parsed = parseRecipe(recipe());
      expect(parseRecipe(parsed)).toEqual(parsed);
    }
  });

  const { randomResizedCrop, normalize } = recipes.cifar();
  const base = { randomResizedCrop, normalize };
  test.each<[object, string, string]>([
    [{ randomResizedCrop: { size: 0 }, normalize }, 'randomResizedCrop.size', 'given: 0'],
    [{ randomResizedCrop: { size: 32.5 }, normalize }, 'randomResizedCrop.size', 'given: 32.5'],
    [{ normalize }, 'randomResizedCrop', ''],
    [{ ...base, randomResizedCrop: { size: 32, scale: [1, 0.2] } }, 'randomResizedCrop.scale', '[1,0.2]'],
    [{ ...base, randomResizedCrop: { size: 32, ratio: [0, 1] } }, 'randomResizedCrop.ratio.0', 'given: 0'],
    [{ ...base, flip: 0.5 }, 'flip', 'given: 0.5'],
    [{ ...base, flip: { probability: 1.5 } }, 'flip.probability', 'given: 1.5'],
    [{ ...base, flip: { probability: Number.NaN } }, 'flip.probability', 'given: NaN'],
    [{ ...base, flips: { probability: 0.5 } }, 'flips', 'there is no such key'],
    [{ ...base, colorJitter: { probability: 1, hue: 0.6 } }, 'colorJitter.hue', 'given: 0.6'],
    [{ ...base, colorJitter: { probability: 1, Hue: 0.1 } }, 'colorJitter.Hue', 'there is no such key'],
    [{ ...base, colorJitter: { probability: 1, contrast: 'much' } }, 'colorJitter.contrast', 'given: much'],
    [{ ...base, gaussianBlur: { probability: 1, sigma: [1, 2], kernel: 4 } }, 'gaussianBlur.kernel', 'odd'],
    [
      { ...base, gaussianBlur: { probability: 1, sigma: [0, 2], kernel: 3 } },
      'gaussianBlur.sigma.0',
      'given: 0',
    ],
    [
      { ...base, gaussianBlur: { probability: 1, sigma: [1, 2], kernel: 65 } },
      'gaussianBlur.kernel',
      'at most 63',
    ],
    [{ ...base, solarize: { probability: 1, threshold: 300 } }, 'solarize.threshold', 'given: 300'],
    [{ ...base, normalize: { mean: [0, 0], std: [1, 1, 1] } }, 'normalize.mean', '[0,0]'],
    [{ ...base, normalize: { mean: [0, 0, 0], std: [1, 0, 1] } }, 'normalize.std.1', 'given: 0'],
    [{ ...base, plain: { resize: 16 } }, 'plain.resize', 'at least randomResizedCrop.size, which is 32'],
    [{ ...base, plain: { resize: 32, size: 40 } }, 'plain.resize', 'at least plain.size, which is 40'],
  ])('%j is refused', (recipe, path, part) => {
    expect(() => parseRecipe(recipe as AugmentationRecipe)).toThrow(
      expect.objectContaining({
        code: 'RECIPE_INVALID',
        message: expect.stringMatching(new RegExp(`^${path.replaceAll('.', '\\.')}: `)),
      }),
    );
    expect(() => parseRecipe(recipe as AugmentationRecipe)).toThrow(part);
  });

  test.each([
    [{ ...base, flips: { probability: 0.5 } }, 'Did you mean flip?'],
    [{ ...base, colorJitter: { probability: 1, Hue: 0.1 } }, 'Did you mean hue?'],
    [{ ...base, randomResizedCrop: { size: 32, scales: [0.2, 1] } }, 'one of size, scale, ratio'],
    [{ ...base, rotation: 90 }, 'begin with one of `recipes`'],
  ])('%j is told with what was meant', (recipe, advice) => {
    expect(() => parseRecipe(recipe as AugmentationRecipe)).toThrow(advice);
  });

  test.each([null, 'cifar', 3, []])('%j is no recipe', (recipe) => {
    expect(() => parseRecipe(recipe as unknown as AugmentationRecipe)).toThrow(
      expect.objectContaining({ code: 'RECIPE_INVALID' }),
    );
  });
});

describe('recipes', () => {
  test('are plain data and valid at the sizes that they are for', () => {
    const all = [
      recipes.mocoV1(),
      recipes.mocoV2(),
      recipes.mocoV2({ size: 32 }),
      recipes.simclr({ strength: 0.5, size: 96 }),
      recipes.cifar(),
      recipes.cifar({ size: 28 }),
      recipes.cifarSimclr(),
    ];
    for (const recipe of all) {
      expect(JSON.parse(JSON.stringify(recipe))).toEqual(recipe);
      expect(augmentationRecipe.safeParse(recipe).success).toBe(true);
    }
  });

  test('have the published settings', () => {
    expect(recipes.mocoV1()).toMatchObject({
      randomResizedCrop: { size: 224, scale: [0.2, 1] },
      colorJitter: { probability: 1, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.4 },
      grayscale: { probability: 0.2, beforeColorJitter: true },
      plain: { resize: 256 },
    });
    expect(recipes.mocoV1()).not.toHaveProperty('gaussianBlur');
    expect(recipes.mocoV2()).toMatchObject({
      colorJitter: { probability: 0.8, hue: 0.1 },
      gaussianBlur: { probability: 0.5, sigma: [0.1, 2], kernel: 23 },
    });
    expect(recipes.simclr()).toMatchObject({
      colorJitter: { brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2 },
      gaussianBlur: { kernel: 23 },
    });
    expect(recipes.simclr({ size: 32 }).gaussianBlur).toMatchObject({ kernel: 3 });
    expect(recipes.cifarSimclr()).toMatchObject({ colorJitter: { brightness: 0.4, hue: 0.1 } });
    expect(recipes.cifarSimclr()).not.toHaveProperty('gaussianBlur');
    expect(recipes.cifar()).toMatchObject({ randomResizedCrop: { size: 32 }, plain: { resize: 32 } });
  });
});
