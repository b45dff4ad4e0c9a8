import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { createEncoder, loadEncoder, saveEncoder, type EncoderOptions } from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

import { sobelEdges } from '../src/resnet/sobel.js';
import { formulaPixels } from './formula.js';

beforeAll(async () => {
  await useBackend('wasm', { log: () => undefined });
});

const SHAPE: [number, number, number, number] = [2, 7, 5, 3];
const OPTIONS = {
  architecture: 'resnet8',
  width: 4,
  input: 'sobel',
  seed: 1,
} as const satisfies EncoderOptions;

/** Differences in each direction, the middle row or column counting twice; beyond the border all is 0. */
function naiveEdges(pixels: Float32Array): number[] {
  const [count, height, width] = SHAPE;
  const edges: number[] = [];
  for (let image = 0; image < count; image++) {
    const gray = (y: number, x: number) => {
      if (y < 0 || y >= height || x < 0 || x >= width) return 0;
      const at = ((image * height + y) * width + x) * 3;
      return (pixels[at]! + pixels[at + 1]! + pixels[at + 2]!) / 3;
    };
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const column = (at: number) => gray(y - 1, at) + 2 * gray(y, at) + gray(y + 1, at);
        const row = (at: number) => gray(at, x - 1) + 2 * gray(at, x) + gray(at, x + 1);
        edges.push(column(x - 1) - column(x + 1), row(y - 1) - row(y + 1));
      }
    }
  }
  return edges;
}

/** The images of naiveEdges. */
const newImages = () => tf.tensor4d(formulaPixels(SHAPE), SHAPE);

test('sobelEdges are those of a loop', () => {
  const images = newImages();
  const before = tf.memory().numTensors;
  const edges = sobelEdges(images);
  expect(tf.memory().numTensors).toBe(before + 1);
  expect(images.isDisposed).toBe(false);
  expect(edges.shape).toEqual([2, 7, 5, 2]);
  const expected = naiveEdges(formulaPixels(SHAPE));
  edges.dataSync().forEach((value, at) => expect(value).toBeCloseTo(expected[at]!, 5));
  tf.dispose([images, edges]);
});

describe('an encoder of edges', () => {
  test.each(['small', 'imagenet'] as const)('has two input channels (%s stem)', (stem) => {
    const before = tf.memory().numTensors;
    const encoder = createEncoder({ ...OPTIONS, stem });
    const kernel = stem === 'small' ? 3 : 7;
    expect(encoder.variables['conv1.weight']!.shape).toEqual([kernel, kernel, 2, 4]);
    const colours = createEncoder({ ...OPTIONS, stem, input: 'rgb' });
    expect(encoder.parameterCount).toBe(colours.parameterCount - kernel * kernel * 4);
    encoder.dispose();
    colours.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('does not see colours, nor how bright the whole is', () => {
    const encoder = createEncoder(OPTIONS);
    const images = newImages();
    const kept = tf.memory().numTensors;
    const featuresOf = (change: (images: tf.Tensor4D) => tf.Tensor) =>
      tf.tidy(() => encoder.features(change(images) as tf.Tensor4D, { training: false }).dataSync());
    const plain = featuresOf((same) => same);
    const swapped = featuresOf((all) => tf.reverse(all, 3));
    const gray = featuresOf((all) => tf.add(tf.zerosLike(all), tf.mean(all, 3, true)));
    const other = featuresOf((all) => tf.reverse(all, 2));
    plain.forEach((value, at) => {
      expect(swapped[at]).toBeCloseTo(value, 5);
      expect(gray[at]).toBeCloseTo(value, 5);
    });
    expect(Math.max(...plain.map((value, at) => Math.abs(value - other[at]!)))).toBeGreaterThan(1e-3);
    expect(tf.memory().numTensors).toBe(kept);
    encoder.dispose();
    images.dispose();
  });

  test('has the gradient of its numeric derivative', () => {
    const encoder = createEncoder(OPTIONS);
    const images = newImages();
    const weight = encoder.variables['conv1.weight']!;
    const loss = () =>
      tf.tidy(() => tf.mean<tf.Scalar>(tf.square(encoder.forward(images, { training: true }))));
    const { value, grads } = tf.variableGrads(loss, [weight]);
    const gradient = grads[weight.name]!;
    const squaredNorm = tf.tidy(() => tf.sum(tf.square(gradient)).dataSync()[0]!);
    const step = 2e-3 / Math.sqrt(squaredNorm);
    const [above, below] = [step, -step].map((moved) => {
      const origin = tf.clone(weight);
      tf.tidy(() => weight.assign(tf.add(origin, tf.mul(gradient, moved))));
      const at = tf.tidy(() => loss().dataSync()[0]!);
      weight.assign(origin);
      origin.dispose();
      return at;
    });
    expect(Math.abs((above! - below!) / (2 * step) / squaredNorm - 1)).toBeLessThan(0.05);
    tf.dispose([images, value, grads]);
    encoder.dispose();
  });

  test('is saved and loaded; one of colours does not take its weights', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'protocl-sobel-'));
    const path = join(folder, 'encoder.safetensors');
    const [encoder, other] = [createEncoder(OPTIONS), createEncoder({ ...OPTIONS, seed: 2 })];
    const colours = createEncoder({ ...OPTIONS, input: 'rgb' });
    await saveEncoder(encoder, path);
    await loadEncoder(other, path);
    expect(await other.toState()).toEqual(await encoder.toState());
    const images = newImages();
    const [expected, actual] = [encoder, other].map((each) =>
      tf.tidy(() => each.forward(images, { training: false }).dataSync()),
    );
    expect(actual).toEqual(expected);
    const before = await colours.toState();
    await expect(loadEncoder(colours, path)).rejects.toMatchObject({
      code: 'WEIGHTS_MISMATCH',
      message: expect.stringContaining('conv1.weight is float32 [4, 2, 3, 3]'),
    });
    expect(await colours.toState()).toEqual(before);
    for (const each of [images, encoder, other, colours]) each.dispose();
    await rm(folder, { recursive: true });
  });
});
