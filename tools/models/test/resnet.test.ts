import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';

import { createResNet, type ResNet } from '../resnet.js';

/** What tools/parity/resnet8.py computed with PyTorch. */
interface Fixture {
  readonly inference: number[];
  readonly training: number[];
  readonly loss: number;
  /** For each parameter its norm and its sum weighted by a wave. */
  readonly gradients: Record<string, [number, number]>;
  readonly statistics: Record<string, number[]>;
}

const WIDTH = 4;
const BATCH = 3;
const SIDE = 16;

let fixture: Fixture;
beforeAll(async () => {
  const path = new URL('fixtures/resnet8.json', import.meta.url);
  fixture = JSON.parse(await readFile(path, 'utf8')) as Fixture;
  await useBackend('wasm', { log: () => undefined });
});

let tensorsBefore: number;
beforeAll(() => {
  tensorsBefore = tf.memory().numTensors;
});
afterAll(() => {
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

describe('createResNet', () => {
  test('builds the CIFAR ResNet-18 of 11,173,962 parameters, with torchvision’s names', () => {
    const network = createResNet({ depth: 18, seed: 1 });
    expect(network.parameterCount).toBe(11_173_962);
    expect(Object.keys(network.variables)).toHaveLength(62);
    expect(Object.keys(network.statistics)).toHaveLength(40);
    expect(network.variables['layer4.0.downsample.0.weight']?.shape).toEqual([1, 1, 256, 512]);
    expect(network.variables['conv1.weight']?.shape).toEqual([3, 3, 3, 64]);
    network.dispose();
  });

  test.each([8, 14] as const)('builds ResNet-%i', (depth) => {
    const network = createResNet({ depth, width: WIDTH, classes: 7, seed: 1 });
    const convolutions = Object.keys(network.variables).filter((name) => /conv\d\.weight/.test(name));
    expect(convolutions).toHaveLength(depth - 1);
    const logits = tf.tidy(() => network.forward(tf.ones([2, 12, 20, 3]), { training: false }));
    expect(logits.shape).toEqual([2, 7]);
    tf.dispose(logits);
    network.dispose();
  });

  test('draws torchvision’s initial weights from the seed', () => {
    const networks = [1, 1, 2].map((seed) => createResNet({ depth: 8, width: 32, seed }));
    const [first, again, other] = networks.map(({ variables }) =>
      variables['layer3.0.conv2.weight']!.dataSync(),
    );
    const equals = (a: typeof first, b: typeof first) => a!.every((value, index) => value === b![index]);
    expect(equals(first, again)).toBe(true);
    expect(equals(first, other)).toBe(false);
    const { variables } = networks[0]!;
    // Variance 2 / fan-out, where the fan-out is 3 · 3 · 128 and a quarter of a million weights tell it well.
    const { mean, variance } = tf.tidy(() => {
      const moments = tf.moments(variables['layer3.0.conv2.weight']!);
      return { mean: moments.mean.dataSync()[0]!, variance: moments.variance.dataSync()[0]! };
    });
    expect(Math.abs(mean)).toBeLessThan(0.001);
    expect((variance * 9 * 128) / 2).toBeCloseTo(1, 1);
    const head = variables['fc.weight']!.dataSync();
    expect(Math.max(...head)).toBeLessThan(1 / Math.sqrt(128));
    expect(Math.max(...head)).toBeGreaterThan(0.9 / Math.sqrt(128));
    expect(Math.min(...head)).toBeLessThan(-0.9 / Math.sqrt(128));
    expect(new Set(variables['bn1.weight']!.dataSync())).toEqual(new Set([1]));
    expect(new Set(variables['bn1.bias']!.dataSync())).toEqual(new Set([0]));
    for (const network of networks) network.dispose();
  });
});

describe('against PyTorch', () => {
  let network: ResNet;
  let images: tf.Tensor4D;
  beforeAll(() => {
    network = createResNet({ depth: 8, width: WIDTH, seed: 1 });
    for (const [index, [name, variable]] of Object.entries(network.variables).entries()) {
      const isScale = variable.rank === 1 && name.endsWith('weight');
      const values = wave(variable.size, index).map((value) => (isScale ? 1 : 0) + 0.3 * value);
      tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    }
    images = tf.tensor4d(wave(BATCH * SIDE * SIDE * 3, 0.5), [BATCH, SIDE, SIDE, 3]);
  });
  afterAll(() => {
    images.dispose();
    network.dispose();
  });

  test('parameters come in the same order', () => {
    expect(Object.keys(network.variables)).toEqual(Object.keys(fixture.gradients));
  });

  test('logits in inference mode are equal, and the statistics stay', () => {
    const before = network.statistics['bn1.running_mean']!.dataSync();
    const logits = network.forward(images, { training: false });
    expectClose(logits.dataSync(), fixture.inference);
    expect(network.statistics['bn1.running_mean']!.dataSync()).toEqual(before);
    logits.dispose();
  });

  test('a training step has equal logits, loss, gradients and statistics, and leaks nothing', () => {
    const saved = Object.values(network.statistics).map((statistic) => statistic.dataSync().slice());
    let tensors: number | undefined;
    for (let repetition = 0; repetition < 3; repetition++) {
      tf.tidy(() => {
        for (const [index, statistic] of Object.values(network.statistics).entries()) {
          statistic.assign(tf.tensor(saved[index]!, statistic.shape));
        }
      });
      checkTrainingStep();
      tensors ??= tf.memory().numTensors;
      expect(tf.memory().numTensors).toBe(tensors);
    }
  });

  function checkTrainingStep(): void {
    const variables = Object.entries(network.variables);
    const targets = tf.tidy(() => tf.oneHot(tf.tensor1d([7, 0, 3], 'int32'), 10));
    let logits: tf.Tensor | undefined;
    const { value, grads } = tf.variableGrads(
      () => {
        const output = network.forward(images, { training: true });
        logits = tf.keep(output.clone());
        return tf.tidy(() => {
          const likelihood = tf.sum(tf.mul(tf.logSoftmax(output), targets));
          return tf.mul<tf.Scalar>(likelihood, -1 / BATCH);
        });
      },
      variables.map(([, variable]) => variable),
    );
    expectClose(logits!.dataSync(), fixture.training);
    expect(value.dataSync()[0]).toBeCloseTo(fixture.loss, 5);
    for (const [name, variable] of variables) {
      const gradient = grads[variable.name]!;
      expect(gradient.shape).toEqual(variable.shape);
      const data = gradient.dataSync<'float32'>();
      const weights = wave(data.length, 0.25);
      const norm = Math.sqrt(data.reduce((sum, entry) => sum + entry * entry, 0));
      const weighted = data.reduce((sum, entry, index) => sum + entry * weights[index]!, 0);
      const [expectedNorm, expectedWeighted] = fixture.gradients[name]!;
      expect(norm).toBeGreaterThan(0);
      expect(Math.abs(norm - expectedNorm)).toBeLessThan(1e-4 * expectedNorm);
      // The weighted sum may cancel out, so the norm is its scale.
      expect(Math.abs(weighted - expectedWeighted)).toBeLessThan(1e-4 * expectedNorm);
    }
    expect(Object.keys(network.statistics)).toEqual(Object.keys(fixture.statistics));
    for (const [name, statistic] of Object.entries(network.statistics)) {
      expectClose(statistic.dataSync(), fixture.statistics[name]!);
    }
    tf.dispose([value, grads, logits!, targets]);
  }
});

/** The formula that tools/parity/resnet8.py uses, too. */
function wave(size: number, phase: number): Float32Array {
  return Float32Array.from({ length: size }, (_, index) => Math.sin(index * 1.7 + phase));
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  const furthest = Math.max(...expected.map((value, index) => Math.abs(value - actual[index]!)));
  expect(furthest).toBeLessThan(1e-4 * scale);
}
