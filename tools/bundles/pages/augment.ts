import { augmentBatch, augmentCrops, imageTensor, plainBatch, recipes } from '@protocl/augment';
import * as tf from '@tensorflow/tfjs-core';

import { codeOf, type Page } from './page.js';

export const page: Page = async () => {
  const bytes = Uint8Array.from({ length: 2 * 32 * 32 * 3 }, (_, at) => (at * 31) % 256);
  const images = imageTensor(bytes, [2, 32, 32, 3]);
  const recipe = recipes.cifar();
  const options = { seed: 1, epoch: 0, view: 0, indices: [3, 4] };
  const [view, again] = [augmentBatch(images, recipe, options), augmentBatch(images, recipe, options)];
  const plain = plainBatch(images, recipe);
  const { mean, std } = recipe.normalize;
  return {
    view: [view.shape.join(' '), '2 32 32 3'],
    again: [tf.max(tf.abs(tf.sub(view, again))).dataSync()[0]!, 0],
    crops: [augmentCrops(images, recipe, options).shape.join(' '), '2 32 32 3'],
    plain: [plain.dataSync()[1]!, (bytes[1]! / 255 - mean[1]) / std[1]],
    refused: [await codeOf(() => imageTensor(bytes, [1, 1, 1, 3])), 'INVALID_SHAPE'],
  };
};
