import { useBackend, type BackendName } from '@protocl/backend';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { centreResampling, cropResampling, type ImageResampling } from '../src/cropResampling.js';
import { imageTensor } from '../src/imageTensor.js';
import { parseRecipe } from '../src/recipe.js';
import { recipes } from '../src/recipes.js';
import { resampleImage } from '../src/resampling/resampleImage.js';
import { colorJitter } from '../src/tensors/colorJitter.js';
import { gaussianBlur } from '../src/tensors/gaussianBlur.js';
import { grayscale } from '../src/tensors/grayscale.js';
import { toPlanes } from '../src/tensors/layout.js';
import { resize } from '../src/tensors/resize.js';
import { solarize } from '../src/tensors/solarize.js';
import { picture } from './picture.js';
import { meanAbsoluteDifference, reference, type Step, tileOf, tilesOf } from './reference.js';

/** What is promised: a mean absolute difference of two of 255 levels. */
const LIMIT = 2;

/** Compares every transform with torchvision on PIL images, on one engine. */
export function describeParity(backend: BackendName): void {
  beforeAll(async () => {
    await useBackend(backend, { log: () => undefined });
  }, 600_000);

  describe.each([32, 224] as const)('torchvision on PIL at %i pixels', (size) => {
    const cases = reference.cases[`${size}`].map((each, i) => ({ ...each, i }));

    test.each(cases)('$name', async ({ source, steps, i }) => {
      const before = tf.memory().numTensors;
      const expected = (await tilesOf(size))[i]!;
      const images = imageTensor(picture(...source), [1, ...source, 3]);
      const [first, ...rest] = steps as [Step, ...Step[]];
      const isResize = first.kind === 'crop' || first.kind === 'plain';
      let planes = isResize
        ? resize(images, [resamplingOf(first, source)], size)
        : applyStep(toPlanes(images), first);
      for (const step of rest) planes = applyStep(planes, step);
      const result = tf.tidy(() => tf.mul(tf.transpose(planes, [0, 2, 3, 1]), 255).dataSync());
      tf.dispose([images, planes]);

      expect(meanAbsoluteDifference(tileOf(result, size), expected)).toBeLessThan(LIMIT);
      expect(tf.memory().numTensors).toBe(before);
    });

    const resizes = cases.filter(
      ({ steps }) => ['crop', 'plain'].includes(steps[0]!.kind) && steps.length === 1,
    );
    test.each(resizes)('$name, of bytes', async ({ source, steps, i }) => {
      const [height, width] = source;
      const image = { data: picture(height, width), height, width };
      const result = resampleImage(image, resamplingOf(steps[0]!, source));
      // PIL rounds between its passes.
      const difference = meanAbsoluteDifference(tileOf(result, size), (await tilesOf(size))[i]!);
      expect(difference).toBeLessThan(0.5);
    });
  });
}

function resamplingOf(step: Step, [height, width]: readonly [number, number]): ImageResampling {
  if (step.kind === 'crop') return cropResampling(step, step.size, step.flip);
  if (step.kind !== 'plain') throw new Error(step.kind);
  const recipe = { ...recipes.cifar({ size: step.size }), plain: { resize: step.resize } };
  return centreResampling(height, width, parseRecipe(recipe));
}

/** @param planes disposed */
function applyStep(planes: tf.Tensor4D, step: Step): tf.Tensor4D {
  switch (step.kind) {
    case 'jitter':
      return colorJitter(planes, [step]);
    case 'blur':
    case 'pil-blur':
      return gaussianBlur(planes, [step.sigma], step.kernel);
    case 'grayscale':
      return thenDispose(planes, grayscale(planes, [true]));
    case 'solarize':
      return thenDispose(planes, solarize(planes, [true], step.threshold / 255));
    default:
      throw new Error(step.kind);
  }
}

function thenDispose(given: tf.Tensor4D, result: tf.Tensor4D): tf.Tensor4D {
  given.dispose();
  return result;
}
