import { describe, expect, jest, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { uniform } from './formula.js';
import {
  expectClose,
  expectEvaluation,
  readFixture,
  referenceEncoder,
  referenceImages,
  type EvaluationCase,
  type ReferenceCase,
} from './reference.js';

// Deep networks take their time on a machine that has other work as well.
jest.setTimeout(120_000);

const { narrow } = await readFixture<{ narrow: EvaluationCase[] }>('torchvision.json');
const training = await readFixture<TrainingCase[]>('training.json');

/** A step of cross-entropy as PyTorch computed it in float64. */
interface TrainingCase extends ReferenceCase {
  readonly output: number[];
  readonly labels: number[];
  readonly loss: number;
  /** For each its norm and its weighted sum. */
  readonly gradients: Record<string, [number, number]>;
  readonly statistics: Record<string, [number, number]>;
}

/**
 * In the deep network a unit whose input is zero but for rounding may be on or off, which changes the
 * gradients of all layers before it: PyTorch's own in float32 differ from those in float64 by up to 4%.
 */
const GRADIENT_TOLERANCE: Readonly<Record<string, number>> = { resnet8: 1e-4, resnet50: 5e-2 };

/** Tests encoders on the active backend against what torchvision computed for the same weights and images. */
export function describeAgainstTorchvision(): void {
  describe('in evaluation mode', () => {
    test.each(narrow)(
      '$architecture, $stem stem, $head head: features and outputs are equal',
      async (reference) => {
        const tensors = tf.memory().numTensors;
        const encoder = await referenceEncoder(reference);
        const before = await encoder.toState();
        expectEvaluation(encoder, reference);
        expect(await encoder.toState()).toEqual(before);
        encoder.dispose();
        expect(tf.memory().numTensors).toBe(tensors);
      },
    );
  });

  describe('in training mode', () => {
    test.each(training)('$architecture, $stem stem, $head head: a step is equal', async (reference) => {
      const tensors = tf.memory().numTensors;
      const encoder = await referenceEncoder(reference);
      const images = referenceImages(reference);
      const names = Object.entries(encoder.variables);
      let output: tf.Tensor | undefined;
      const { value, grads } = tf.variableGrads(
        () => {
          const result = encoder.forward(images, { training: true });
          output = tf.keep(tf.clone(result));
          return crossEntropy(result, reference.labels);
        },
        names.map(([, variable]) => variable),
      );
      expectClose(output!.dataSync(), reference.output);
      expect(Math.abs(value.dataSync()[0]! / reference.loss - 1)).toBeLessThan(1e-4);

      const gradients = names.map(([name, variable]) => {
        expect(grads[variable.name]!.shape).toEqual(variable.shape);
        return [name, inPyTorchLayout(grads[variable.name]!)] as const;
      });
      expectEqualSums(gradients, reference.gradients, GRADIENT_TOLERANCE[reference.architecture]!);
      const statistics = Object.entries(encoder.statistics).map(
        ([name, statistic]) => [name, statistic.dataSync<'float32'>()] as const,
      );
      expectEqualSums(statistics, reference.statistics, 1e-4);
      tf.dispose([images, value, grads, output!]);
      encoder.dispose();
      expect(tf.memory().numTensors).toBe(tensors);
    });
  });
}

function crossEntropy(output: tf.Tensor2D, labels: number[]): tf.Scalar {
  const targets = tf.oneHot(tf.tensor1d(labels, 'int32'), output.shape[1]);
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(output), targets), 1)));
}

function inPyTorchLayout(tensor: tf.Tensor): Float32Array {
  const orders: Record<number, number[]> = { 4: [3, 2, 0, 1], 2: [1, 0] };
  const order = orders[tensor.rank];
  return tf.tidy(() => (order === undefined ? tensor : tf.transpose(tensor, order)).dataSync<'float32'>());
}

function expectEqualSums(
  values: readonly (readonly [string, Float32Array])[],
  reference: Readonly<Record<string, [number, number]>>,
  tolerance: number,
): void {
  expect(values.map(([name]) => name)).toEqual(Object.keys(reference));
  const errors = values.map(([name, entries]) => {
    const [norm, weighted] = reference[name]!;
    const weights = uniform('weights', entries.length);
    const ownWeighted = entries.reduce((sum, entry, index) => sum + entry * weights[index]!, 0);
    // The weighted sum may cancel out, so the norm is the scale of both.
    const [normError, weightedError] = [Math.hypot(...entries) - norm, ownWeighted - weighted];
    return { name, error: Math.max(Math.abs(normError), Math.abs(weightedError)) / norm };
  });
  expect(errors.filter(({ error }) => !(error < tolerance))).toEqual([]);
}
