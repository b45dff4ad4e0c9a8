import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { recipes } from '@protocl/augment';
import { createEncoder, type Encoder } from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

import { labelled } from '../../src/data/memoryData.js';
import { encodeFeatures } from '../../src/evaluation/encodeFeatures.js';
import { evaluateEncoder } from '../../src/evaluation/evaluateEncoder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tinyConfig } from '../tinyConfig.js';

const plain = { recipe: recipes.cifar({ size: 8 }), plainBatchSize: 30 };
const train = labelled(syntheticImages(80, 1), plain);
const held = labelled(syntheticImages(50, 2), plain);

let encoder: Encoder;
let tensorsBefore: number;
beforeAll(async () => {
  await useBackend('wasm', { log: () => undefined });
  encoder = createEncoder({
    architecture: 'resnet8',
    width: 4,
    head: { kind: 'linear', dimension: 6 },
    seed: 1,
  });
});
beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

test.each([
  ['backbone', 16],
  ['head', 6],
] as const)('features of the %s are those of the images one by one', async (kind, dimension) => {
  const encoded = await encodeFeatures(encoder, held, kind);
  expect(encoded.features.shape).toEqual([50, dimension]);
  expect(encoded.labels).toEqual(held.labels);
  expect(encoded.indices).toEqual(Int32Array.from(Array(50).keys()));
  const rows = encoded.features.arraySync();
  encoded.features.dispose();
  let row = 0;
  for await (const { images } of held.batches()) {
    for (const image of tf.unstack(images)) {
      const alone = tf.tidy(() => {
        const batch = tf.expandDims<tf.Tensor4D>(image, 0);
        const features =
          kind === 'backbone'
            ? encoder.features(batch, { training: false })
            : encoder.forward(batch, { training: false });
        return features.arraySync()[0]!;
      });
      alone.forEach((value, column) => expect(rows[row]![column]).toBeCloseTo(value, 4));
      image.dispose();
      row++;
    }
    images.dispose();
  }
  expect(row).toBe(50);
});

test('labels follow the images that could be read', async () => {
  const some = {
    ...held,
    batches: async function* () {
      for await (const { images, indices } of held.batches()) {
        // As an image folder with unreadable files does.
        const kept = indices.filter((index) => index % 3 !== 0);
        const rows = tf.tensor1d(
          [...indices.keys()].filter((row) => indices[row]! % 3 !== 0),
          'int32',
        );
        yield { images: tf.gather(images, rows), indices: kept };
        tf.dispose([images, rows]);
      }
    },
  };
  const { features, indices, labels } = await encodeFeatures(encoder, some, 'backbone');
  expect(features.shape[0]).toBe(33);
  expect(labels).toEqual(indices.map((index) => held.labels![index]!));
  features.dispose();
});

test('no image at all is an error', async () => {
  const none = { ...held, batches: async function* () {} };
  await expect(encodeFeatures(encoder, none, 'head')).rejects.toMatchObject({ code: 'INVALID_FEATURES' });
});

test('colours are told apart by a random encoder, and the encoder stays as it is', async () => {
  const before = await encoder.toState();
  const { evaluation } = tinyConfig().config;
  const options = { train, test: held, config: evaluation, onFailure: () => undefined };
  const scores = await evaluateEncoder(encoder, { ...options, linear: true });
  // Guessing gets 0.25.
  expect(scores.knn).toBeGreaterThan(0.8);
  expect(scores.linear).toBeGreaterThan(0.8);
  expect(await evaluateEncoder(encoder, { ...options, linear: false })).toEqual({ knn: scores.knn });
  expect(await encoder.toState()).toEqual(before);
});

test('a single class leaves the linear probe without a score, and tells why', async () => {
  const { evaluation } = tinyConfig().config;
  const one = { ...train, labels: new Int32Array(80) };
  const lines: string[] = [];
  const scores = await evaluateEncoder(encoder, {
    train: one,
    test: { ...held, labels: new Int32Array(50) },
    config: evaluation,
    linear: true,
    onFailure: (line) => lines.push(line),
  });
  expect(scores).toEqual({ knn: 1, linear: NaN });
  expect(lines).toEqual([expect.stringMatching(/^no linear accuracy: .*one class/)]);
});
