import { decodeCrops, recipes } from '@protocl/augment';
import { expect, test } from '@jest/globals';
import sharp from 'sharp';

import { picture } from './picture.js';

const recipe = recipes.cifar({ size: 16 });
const options = { seed: 3, epoch: 2, index: 5 };
const image = sharp(picture(40, 50), { raw: { width: 50, height: 40, channels: 3 } });

test('crops from a first view on are the later ones of all', async () => {
  const file = await image.png().toBuffer();
  const { crops: all } = await decodeCrops(file, recipe, { ...options, views: 6 });
  for (const [firstView, views] of [
    [0, 6],
    [2, 2],
    [5, 1],
  ] as const) {
    const { crops } = await decodeCrops(file, recipe, { ...options, views, firstView });
    expect(crops).toEqual(all.slice(firstView, firstView + views));
  }
  expect(new Set(all.map((crop) => Buffer.from(crop).toString('base64'))).size).toBe(6);
});

test.each([-1, 0.5, NaN, 2 ** 24])('a first view of %p is refused', async (firstView) => {
  const file = await image.png().toBuffer();
  await expect(decodeCrops(file, recipe, { ...options, views: 1, firstView })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  });
});
