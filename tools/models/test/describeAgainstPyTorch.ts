import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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

/** Tests a ResNet-8 on the active backend against what PyTorch computed for the same weights and images. */
export function describeAgainstPyTorch(): void {
  describe('against PyTorch', () => {
    let fixture: Fixture;
    let network: ResNet;
    let images: tf.Tensor4D;
    beforeAll(async () => {
      const path = new URL('fixtures/resnet8.json', import.meta.url);
      fixture = JSON.parse(await readFile(path, 'utf8')) as Fixture;
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
}

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
