import type * as tf from '@tensorflow/tfjs-core';

import type { SampleDraws } from '../draws/sampleDraws.js';
import type { ResolvedRecipe } from '../recipe.js';
import { colorJitter } from './colorJitter.js';
import { gaussianBlur } from './gaussianBlur.js';
import { grayscale } from './grayscale.js';
import { toNormalizedImages } from './layout.js';
import { solarize } from './solarize.js';

type Step = (planes: tf.Tensor4D) => tf.Tensor4D;

/**
 * All that a recipe does after crop and flip.
 *
 * @param planes float32 [N, 3, S, S] in 0 .. 1; disposed
 * @param draws one for each image
 * @returns float32 [N, S, S, 3], normalised; the caller disposes it
 */
export function changeAppearance(
  planes: tf.Tensor4D,
  draws: readonly SampleDraws[],
  recipe: ResolvedRecipe,
): tf.Tensor4D {
  const changed = stepsOf(draws, recipe).reduce((current, step) => {
    const next = step(current);
    // Each step's input goes at once: a batch of large images would not fit several times over.
    if (next !== current) current.dispose();
    return next;
  }, planes);
  return toNormalizedImages(changed, recipe.normalize);
}

function stepsOf(draws: readonly SampleDraws[], recipe: ResolvedRecipe): Step[] {
  const gray = draws.map((each) => each.grayscale);
  const solarized = draws.map((each) => each.solarize);
  const jitters = draws.map((each) => each.jitter);
  const sigmas = draws.map((each) => each.blurSigma);
  const steps: Step[] = [];
  if (jitters.some((jitter) => jitter !== undefined)) {
    steps.push((planes) => colorJitter(planes, jitters));
  }
  if (gray.includes(true)) {
    const toGray: Step = (planes) => grayscale(planes, gray);
    if (recipe.grayscale?.beforeColorJitter === true) steps.unshift(toGray);
    else steps.push(toGray);
  }
  const { gaussianBlur: blur, solarize: inversion } = recipe;
  if (blur !== undefined) steps.push((planes) => gaussianBlur(planes, sigmas, blur.kernel));
  if (inversion !== undefined && solarized.includes(true)) {
    steps.push((planes) => solarize(planes, solarized, inversion.threshold / 255));
  }
  return steps;
}
