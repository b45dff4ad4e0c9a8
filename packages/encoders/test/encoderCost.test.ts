import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { createEncoder, encoderCost, type EncoderOptions } from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

beforeAll(async () => {
  await useBackend('wasm', { log: () => undefined });
});
afterAll(() => {
  expect(tf.memory().numTensors).toBe(0);
});

describe('encoderCost', () => {
  const cases: [EncoderOptions, number][] = [
    [{ architecture: 'resnet8', width: 4, seed: 1 }, 16],
    [{ architecture: 'resnet14', width: 3, head: { kind: 'none' }, seed: 1 }, 17],
    [{ architecture: 'resnet18', width: 2, head: { kind: 'mlp', dimension: 7 }, seed: 1 }, 32],
    [{ architecture: 'resnet34', width: 2, input: 'sobel', seed: 1 }, 9],
    [{ architecture: 'resnet50', width: 2, stem: 'imagenet', seed: 1 }, 75],
  ];
  test.each(cases)('%j of images of %d px is that of the encoder', async (options, size) => {
    const cost = encoderCost(options, size);
    const encoder = createEncoder(options);
    const images = tf.ones<tf.Rank.R4>([2, size, size, 3]);
    const output: tf.Tensor[] = [];
    const profile = await tf.profile(() => {
      output.push(encoder.forward(images, { training: true }));
      return output;
    });
    const convolved = profile.kernels
      .filter(({ name }) => name === 'Conv2D')
      .map(({ outputShapes }) => outputShapes[0]!.reduce((product, length) => product * length, 1));
    // That of the edges is not the network's.
    if (options.input === 'sobel') convolved.shift();
    expect(cost).toEqual({
      parameters: encoder.parameterCount,
      statistics: Object.values(encoder.statistics).reduce((sum, { size }) => sum + size, 0),
      featureSize: encoder.featureSize,
      outputSize: encoder.outputSize,
      // Before and after the batch norm, of each of two images.
      activations: convolved.reduce((sum, count) => sum + count, 0),
      widest: Math.max(...convolved) / 2,
    });
    tf.dispose([images, ...output]);
    encoder.dispose();
  });

  test('makes nothing, however much it would be', () => {
    const { parameters } = encoderCost({ architecture: 'resnet8', width: 1e9 }, 32);
    expect(parameters).toBeGreaterThan(1e19);
  });
});

test('an encoder that no machine has memory for is refused at once', () => {
  expect(() => createEncoder({ architecture: 'resnet8', width: 1e9, seed: 1 })).toThrow(
    expect.objectContaining({
      code: 'INSUFFICIENT_MEMORY',
      message: expect.stringMatching(/weights of .* EiB \(width, head.dimension\).*Lower width/) as unknown,
    }),
  );
  const head = { kind: 'linear', dimension: 1e15 } as const;
  expect(() => createEncoder({ architecture: 'resnet8', head, seed: 1 })).toThrow(/head.dimension/);
});
