import { randomStream } from '@protocl/core';
import { describe, expect, test } from '@jest/globals';

import { drawCropBox } from '../src/draws/cropBox.js';
import { drawSample, type SampleDraws } from '../src/draws/sampleDraws.js';
import { parseRecipe, type AugmentationRecipe } from '../src/recipe.js';
import { recipes } from '../src/recipes.js';
import { type Figure, reference } from './reference.js';

const COUNT = 10_000;
/** Standard errors that a figure may be off: with fixed seeds this is no game of chance. */
const SIGMAS = 4;

function drawMany(recipe: AugmentationRecipe, view = 0): SampleDraws[] {
  const resolved = parseRecipe(recipe);
  return Array.from(
    { length: COUNT },
    (_, index) => drawSample(resolved, index, { seed: 5, epoch: 2, view }).draws,
  );
}

/** Expects a share of COUNT draws to be what a probability gives. */
function expectShare(count: number, probability: number, of = COUNT): void {
  const deviation = Math.sqrt((probability * (1 - probability)) / of);
  expect(Math.abs(count / of - probability)).toBeLessThan(SIGMAS * deviation + 1e-9);
}

/** Expects values to be uniform between two ends, by their mean, their spread and their extremes. */
function expectUniform(values: readonly number[], lowest: number, highest: number): void {
  const range = highest - lowest;
  const shares = values.map((value) => (value - lowest) / range);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan((SIGMAS * Math.sqrt(1 / 12)) / Math.sqrt(shares.length));
  const sorted = Float64Array.from(shares).sort();
  // The statistic of Kolmogorov and Smirnov; above 2.2 once in 8,000 times.
  const distances = sorted.map((share, i) => Math.abs(share - (i + 0.5) / sorted.length));
  const furthest = distances.reduce((most, distance) => Math.max(most, distance));
  expect(furthest * Math.sqrt(sorted.length)).toBeLessThan(2.2);
  expect(sorted[0]).toBeGreaterThanOrEqual(0);
  expect(sorted.at(-1)).toBeLessThan(1);
}

describe('crops follow torchvision', () => {
  test.each(reference.crops)('$height x $width, scale $scale', (expected) => {
    const { height, width, scale, ratio } = expected;
    const values: Record<Figure, number[]> = { area: [], logRatio: [], centreY: [], centreX: [] };
    for (let step = 0; step < COUNT; step++) {
      const stream = randomStream({ seed: 3, purpose: 'test', step });
      const box = drawCropBox(stream, height, width, { size: 1, scale, ratio });
      values.area.push((box.height * box.width) / (height * width));
      values.logRatio.push(Math.log(box.width / box.height));
      values.centreY.push((box.top + box.height / 2) / height);
      values.centreX.push((box.left + box.width / 2) / width);
    }
    for (const [name, drawn] of Object.entries(values) as [Figure, number[]][]) {
      for (const [i, share] of reference.quantiles.entries()) {
        // The share of the draws below (or at, with whole pixels) torchvision's quantile.
        const quantile = expected.quantiles[name][i]!;
        const below = drawn.filter((value) => value < quantile - 1e-9).length / COUNT;
        const upTo = drawn.filter((value) => value <= quantile + 1e-9).length / COUNT;
        const tolerance = SIGMAS * Math.sqrt((share * (1 - share)) / COUNT);
        expect(below).toBeLessThan(share + tolerance);
        expect(upTo).toBeGreaterThan(share - tolerance);
      }
      const mean = drawn.reduce((sum, value) => sum + value, 0) / COUNT;
      const deviation = Math.sqrt(drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / COUNT);
      const standardError = deviation * Math.sqrt(1 / COUNT + 1 / 100_000);
      expect(Math.abs(mean - expected.means[name])).toBeLessThan(SIGMAS * standardError + 1e-9);
    }
  });

  test.each([
    [10, 100, { top: 0, left: 43, height: 10, width: 13 }],
    [100, 10, { top: 43, left: 0, height: 13, width: 10 }],
    [1, 1, { top: 0, left: 0, height: 1, width: 1 }],
  ])('where no try fits %i x %i, the box is centred', (height, width, box) => {
    // The whole area never fits a ratio that the image does not have.
    const stream = randomStream({ seed: 1, purpose: 'test' });
    const options = { size: 1, scale: [1, 1] as [number, number], ratio: [3 / 4, 4 / 3] as [number, number] };
    expect(drawCropBox(stream, height, width, options)).toEqual(box);
  });
});

describe('the other draws follow torchvision', () => {
  test('each step happens as often as its probability', () => {
    const recipe: AugmentationRecipe = {
      ...recipes.mocoV2(),
      flip: { probability: 0.5 },
      solarize: { probability: 0.1 },
    };
    const draws = drawMany(recipe);
    expectShare(draws.filter(({ flip }) => flip).length, 0.5);
    expectShare(draws.filter(({ jitter }) => jitter !== undefined).length, 0.8);
    expectShare(draws.filter(({ grayscale }) => grayscale).length, 0.2);
    expectShare(draws.filter(({ blurSigma }) => blurSigma !== undefined).length, 0.5);
    expectShare(draws.filter(({ solarize }) => solarize).length, 0.1);
    // Independent of each other.
    expectShare(draws.filter(({ flip, grayscale }) => flip && grayscale).length, 0.1);
  });

  test('factors are uniform in their ranges', () => {
    const recipe = recipes.mocoV2();
    const jitters = drawMany(recipe).flatMap(({ jitter }) => (jitter === undefined ? [] : [jitter]));
    for (const name of ['brightness', 'contrast', 'saturation'] as const) {
      expectUniform(
        jitters.map((jitter) => jitter[name]),
        0.6,
        1.4,
      );
    }
    expectUniform(
      jitters.map(({ hue }) => hue),
      -0.1,
      0.1,
    );
    const sigmas = drawMany(recipe).flatMap(({ blurSigma }) => (blurSigma === undefined ? [] : [blurSigma]));
    expectUniform(sigmas, 0.1, 2);
  });

  test('a strength above 1 does not draw negative factors, and pairs are the ends', () => {
    const jitter = { probability: 1, brightness: 1.5, contrast: [0.2, 0.3] as [number, number] };
    const draws = drawMany({ ...recipes.cifar(), colorJitter: jitter });
    expectUniform(
      draws.map((each) => each.jitter!.brightness),
      0,
      2.5,
    );
    expectUniform(
      draws.map((each) => each.jitter!.contrast),
      0.2,
      0.3,
    );
    expect(draws.every((each) => each.jitter!.saturation === 1 && each.jitter!.hue === 0)).toBe(true);
  });

  test('all 24 orders of the jitter are equally likely', () => {
    const jitter = { probability: 1, brightness: 0.4 };
    const counts = new Map<string, number>();
    for (const draws of drawMany({ ...recipes.cifar(), colorJitter: jitter })) {
      const order = draws.jitter!.order.join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const count of counts.values()) expectShare(count, 1 / 24);
  });

  test('a step without the recipe naming it never happens', () => {
    const { randomResizedCrop, normalize } = recipes.cifar();
    for (const draws of drawMany({ randomResizedCrop, normalize })) {
      expect(draws).toEqual({
        flip: false,
        jitter: undefined,
        grayscale: false,
        blurSigma: undefined,
        solarize: false,
      });
    }
  });
});

describe('draws are a function of seed, epoch, index and view', () => {
  const recipe = parseRecipe(recipes.mocoV2());
  const draw = (seed: number, epoch: number, index: number, view: number): unknown => {
    const { draws, stream } = drawSample(recipe, index, { seed, epoch, view });
    return { draws, box: drawCropBox(stream, 200, 300, recipe.randomResizedCrop) };
  };

  test('the same again, and others for any other coordinate', () => {
    const one = draw(1, 2, 3, 0);
    expect(draw(1, 2, 3, 0)).toEqual(one);
    for (const other of [draw(2, 2, 3, 0), draw(1, 3, 3, 0), draw(1, 2, 4, 0), draw(1, 2, 3, 1)]) {
      expect(other).not.toEqual(one);
    }
  });

  test('a step more in the recipe leaves the draws of the others', () => {
    const { solarize, ...rest } = drawSample(
      parseRecipe({ ...recipes.mocoV2(), solarize: { probability: 1 } }),
      7,
      { seed: 1, epoch: 0, view: 0 },
    ).draws;
    expect(solarize).toBe(true);
    expect(drawSample(recipe, 7, { seed: 1, epoch: 0, view: 0 }).draws).toMatchObject(rest);
  });
});

test('the box lies in the image, in whole pixels', () => {
  const [height, width] = [7, 9];
  for (let step = 0; step < 1000; step++) {
    const stream = randomStream({ seed: 8, purpose: 'test', step });
    const box = drawCropBox(stream, height, width, { size: 1, scale: [0.01, 1], ratio: [0.2, 5] });
    const { top, left } = box;
    const isInside =
      Object.values(box).every(Number.isInteger) &&
      Math.min(top, left) >= 0 &&
      Math.min(box.height, box.width) >= 1 &&
      top + box.height <= height &&
      left + box.width <= width;
    if (!isInside) throw new Error(JSON.stringify(box));
  }
});
