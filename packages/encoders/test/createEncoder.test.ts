import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { createEncoder, type EncoderOptions } from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

import { readFixture } from './reference.js';

// Deep networks take their time on a machine that has other work as well.
jest.setTimeout(120_000);

beforeAll(async () => {
  await useBackend('wasm', { log: () => undefined });
});
afterAll(() => {
  expect(tf.memory().numTensors).toBe(0);
});

describe('createEncoder', () => {
  test.each(['resnet18', 'resnet34', 'resnet50'] as const)(
    '%s has the parameters and statistics of torchvision’s',
    async (architecture) => {
      const { shapes } = await readFixture<{ shapes: Record<string, Record<string, number[]>> }>(
        'torchvision.json',
      );
      // The narrow network has the same layers; the channels scale.
      const encoder = createEncoder({
        architecture,
        stem: 'imagenet',
        width: 1,
        head: { kind: 'linear', dimension: 1000 },
        seed: 1,
      });
      const { tensors } = await encoder.toState();
      const scaled = Object.entries(tensors).map(([name, { shape }]) => {
        const isFixed = (axis: number) =>
          axis > 1 || (axis === 1 && name === 'conv1.weight') || (axis === 0 && name.startsWith('fc.'));
        return [name, shape.map((length, axis) => (isFixed(axis) ? length : 64 * length))] as const;
      });
      const expected = Object.entries(shapes[architecture]!).filter(([name]) => !name.endsWith('_tracked'));
      expect(Object.fromEntries(scaled)).toEqual(Object.fromEntries(expected));
      encoder.dispose();
    },
  );

  test.each([
    ['resnet18', 'small', 10, 11_173_962],
    ['resnet18', 'imagenet', 1000, 11_689_512],
    ['resnet8', 'small', 10, 1_227_594],
  ] as const)(
    '%s with the %s stem and %i outputs has %i parameters',
    (architecture, stem, dimension, count) => {
      const encoder = createEncoder({ architecture, stem, head: { kind: 'linear', dimension }, seed: 1 });
      expect(encoder.parameterCount).toBe(count);
      encoder.dispose();
    },
  );

  test('fills in the defaults', () => {
    const encoder = createEncoder({ architecture: 'resnet8', seed: 3 });
    const head = { kind: 'linear', dimension: 128 };
    expect(encoder.options).toEqual({
      architecture: 'resnet8',
      stem: 'small',
      input: 'rgb',
      width: 64,
      head,
      seed: 3,
    });
    expect([encoder.featureSize, encoder.outputSize]).toEqual([256, 128]);
    encoder.dispose();
  });

  test('has the heads of MoCo', () => {
    const shapesOf = (head: EncoderOptions['head']) => {
      const encoder = createEncoder({ architecture: 'resnet50', width: 1, ...(head && { head }), seed: 1 });
      const names = Object.entries(encoder.variables).filter(([name]) => name.startsWith('fc'));
      const shapes = Object.fromEntries(names.map(([name, { shape }]) => [name, shape]));
      encoder.dispose();
      return { outputSize: encoder.outputSize, ...shapes };
    };
    const mlp = { 'fc.0.weight': [32, 32], 'fc.0.bias': [32], 'fc.2.weight': [32, 5], 'fc.2.bias': [5] };
    expect(shapesOf({ kind: 'mlp', dimension: 5 })).toEqual({ outputSize: 5, ...mlp });
    expect(shapesOf(undefined)).toEqual({ outputSize: 128, 'fc.weight': [32, 128], 'fc.bias': [128] });
    expect(shapesOf({ kind: 'none' })).toEqual({ outputSize: 32 });
  });

  test('draws torchvision’s initial weights from the seed', () => {
    const encoders = [1, 1, 2].map((seed) => createEncoder({ architecture: 'resnet8', width: 32, seed }));
    const [first, again, other] = encoders.map(({ variables }) =>
      variables['layer3.0.conv2.weight']!.dataSync(),
    );
    const equals = (a: typeof first, b: typeof first) => a!.every((value, index) => value === b![index]);
    expect(equals(first, again)).toBe(true);
    expect(equals(first, other)).toBe(false);
    const { variables, statistics } = encoders[0]!;
    // Variance 2 / fan-out, where the fan-out is 3 · 3 · 128 and a hundred thousand weights tell it well.
    const { mean, variance } = tf.tidy(() => {
      const moments = tf.moments(variables['layer3.0.conv2.weight']!);
      return { mean: moments.mean.dataSync()[0]!, variance: moments.variance.dataSync()[0]! };
    });
    expect(Math.abs(mean)).toBeLessThan(0.001);
    expect((variance * 9 * 128) / 2).toBeCloseTo(1, 1);
    for (const name of ['fc.weight', 'fc.bias']) {
      const head = variables[name]!.dataSync().map((value) => value * Math.sqrt(128));
      expect(Math.max(...head)).toBeLessThanOrEqual(1);
      expect(Math.max(...head)).toBeGreaterThan(0.9);
      expect(Math.min(...head)).toBeLessThan(-0.9);
    }
    const valuesOf = (variable?: tf.Variable) => [...new Set(variable!.dataSync())];
    expect(valuesOf(variables['bn1.weight'])).toEqual([1]);
    expect(valuesOf(variables['bn1.bias'])).toEqual([0]);
    expect(valuesOf(statistics['bn1.running_mean'])).toEqual([0]);
    expect(valuesOf(statistics['bn1.running_var'])).toEqual([1]);
    for (const encoder of encoders) encoder.dispose();
  });

  test.each([
    ['architecture', { architecture: 'resnet9' as 'resnet8', seed: 1 }],
    ['stem', { architecture: 'resnet8', stem: 'cifar' as 'small', seed: 1 }],
    ['input', { architecture: 'resnet8', input: 'edges' as 'sobel', seed: 1 }],
    ['width', { architecture: 'resnet8', width: 0, seed: 1 }],
    ['width', { architecture: 'resnet8', width: 1.5, seed: 1 }],
    ['seed', { architecture: 'resnet8', seed: -1 }],
    ['head.kind', { architecture: 'resnet8', head: { kind: 'cosine' as 'none' }, seed: 1 }],
    ['head.dimension', { architecture: 'resnet8', head: { kind: 'mlp', dimension: NaN }, seed: 1 }],
  ] satisfies [string, EncoderOptions][])('refuses a wrong %s', (name, options) => {
    expect(() => createEncoder(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(name) as unknown }),
    );
  });
});

describe('the forward pass', () => {
  test('refuses options that there are not, of its head and of a pass too', () => {
    const refused = (make: () => unknown, message: RegExp) => {
      expect(make).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }));
      expect(make).toThrow(message);
    };
    const of = (options: object) => () => createEncoder({ architecture: 'resnet8', seed: 1, ...options });
    refused(of({ widht: 4 }), /^createEncoder has .*Did you mean width\?$/);
    refused(
      of({ head: { kind: 'mlp', dimensions: 4 } }),
      /^createEncoder\.head has .*Did you mean dimension\?$/,
    );
    refused(of({ head: { kind: 'none', dimension: 4 } }), /given: dimension\. expected: one of kind\.$/);
    const encoder = createEncoder({ architecture: 'resnet8', width: 2, seed: 1 });
    const images = tf.zeros<tf.Rank.R4>([1, 8, 8, 3]);
    const mode = { trainning: true } as never;
    refused(() => encoder.forward(images, mode), /^forward has .*Did you mean training\?$/);
    refused(() => encoder.features(images, mode), /^features has .*Did you mean training\?$/);
    images.dispose();
    encoder.dispose();
  });

  test('refuses what are no images', () => {
    const encoder = createEncoder({ architecture: 'resnet8', width: 1, seed: 1 });
    const kept = tf.memory().numTensors;
    const wrong = [
      tf.zeros<tf.Rank.R4>([2, 8, 8, 1]),
      tf.zeros<tf.Rank.R3>([8, 8, 3]) as tf.Tensor as tf.Tensor4D,
      tf.zeros<tf.Rank.R4>([0, 8, 8, 3]),
      tf.zeros<tf.Rank.R4>([2, 8, 8, 3], 'int32'),
    ];
    for (const images of wrong) {
      for (const part of ['features', 'forward'] as const) {
        expect(() => encoder[part](images, { training: false })).toThrow(
          expect.objectContaining({ code: 'INVALID_IMAGES' }),
        );
      }
    }
    tf.dispose(wrong);
    expect(tf.memory().numTensors).toBe(kept);
    encoder.dispose();
  });

  test('has the gradient of its numeric derivative', () => {
    const encoder = createEncoder({
      architecture: 'resnet8',
      stem: 'imagenet',
      width: 4,
      head: { kind: 'mlp', dimension: 6 },
      seed: 1,
    });
    const images = tf.randomNormal<tf.Rank.R4>([4, 24, 24, 3], 0, 1, 'float32', 5);
    const variables = Object.values(encoder.variables);
    const loss = () =>
      tf.tidy(() => tf.mean<tf.Scalar>(tf.square(encoder.forward(images, { training: true }))));
    const { value, grads } = tf.variableGrads(loss, variables);
    // Along the gradient of one parameter the loss changes by that gradient's squared norm.
    for (const variable of variables) {
      const gradient = grads[variable.name]!;
      const squaredNorm = tf.tidy(() => tf.sum(tf.square(gradient)).dataSync()[0]!);
      const step = 2e-3 / Math.sqrt(squaredNorm);
      const [above, below] = [step, -step].map((moved) => {
        const origin = tf.clone(variable);
        tf.tidy(() => variable.assign(tf.add(origin, tf.mul(gradient, moved))));
        const at = tf.tidy(() => loss().dataSync()[0]!);
        variable.assign(origin);
        origin.dispose();
        return at;
      });
      const numeric = (above! - below!) / (2 * step);
      expect(Math.abs(numeric / squaredNorm - 1)).toBeLessThan(0.05);
    }
    tf.dispose([images, value, grads]);
    encoder.dispose();
  });
});

describe('a state', () => {
  const options: EncoderOptions = { architecture: 'resnet8', width: 2, seed: 1 };

  test('survives plain data, bit for bit', async () => {
    const encoder = createEncoder(options);
    const other = createEncoder({ ...options, seed: 2 });
    tf.tidy(() => encoder.forward(tf.ones([2, 8, 8, 3]), { training: true })).dispose();
    const state = await encoder.toState();
    other.fromState(state);
    expect(await other.toState()).toEqual(state);
    for (const [name, variable] of Object.entries({ ...encoder.variables, ...encoder.statistics })) {
      const copy = { ...other.variables, ...other.statistics }[name]!;
      expect(copy.dataSync()).toEqual(variable.dataSync());
    }
    encoder.dispose();
    other.dispose();
  });

  test('is the one at the call, whatever happens while it is read', async () => {
    const encoder = createEncoder(options);
    const before = encoder.variables['fc.bias']!.dataSync().slice();
    const reading = encoder.toState();
    tf.tidy(() => encoder.variables['fc.bias']!.assign(tf.zeros([128])));
    const { tensors } = await reading;
    expect(tensors['fc.bias']!.data).toEqual(before);
    encoder.dispose();
  });

  test('that does not fit is refused with all that differs, and changes nothing', async () => {
    const encoder = createEncoder(options);
    const before = await encoder.toState();
    const weight = before.tensors['fc.weight']!;
    const others = Object.entries(before.tensors).filter(([name]) => name !== 'bn1.bias');
    const wrong = {
      ...Object.fromEntries(others),
      'conv1.weight': { ...before.tensors['conv1.weight']!, data: new Float32Array(2 * 3 * 9).fill(5) },
      'fc.weight': { ...weight, shape: [8, 128] },
      'bn1.weight': { dtype: 'int32' as const, shape: [2], data: Int32Array.of(1, 2) },
      'fc.bias': { dtype: 'float32' as const, shape: [128], data: Float32Array.of(1, 2, 3) },
      'projector.weight': weight,
    };
    expect(() => encoder.fromState({ tensors: wrong })).toThrow(
      expect.objectContaining({
        code: 'WEIGHTS_MISMATCH',
        message: expect.stringMatching(
          /missing: bn1\.bias\. not known to the encoder: projector\.weight\. of another dtype, shape or number of values: bn1\.weight is int32 \[2\] of 2 instead of float32 \[2\] of 2, fc\.weight is float32 \[8, 128\] of 1024 instead of float32 \[128, 8\] of 1024, fc\.bias is float32 \[128\] of 3 instead of float32 \[128\] of 128\./,
        ) as unknown,
      }),
    );
    expect(await encoder.toState()).toEqual(before);
    encoder.dispose();
  });
});
