import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { PseudoLabelClassifier } from '../src/methods/pseudoLabelClassifier.js';
import { describeOnEveryEngine } from './engines.js';
import { uniform } from './formula.js';

const [size, classes] = [3, 4];
const OPTIONS = { size, classes, learningRate: 0.2, weightDecay: 0.1 };

const gradientsOf = (name: string) => ({
  'classifier/weight': tf.tensor2d(Float32Array.from(uniform(`${name} weight`, size * classes)), [
    size,
    classes,
  ]),
  'classifier/bias': tf.tensor1d(Float32Array.from(uniform(`${name} bias`, classes))),
});
const valuesOf = (classifier: PseudoLabelClassifier) =>
  Object.values(classifier.variables).flatMap((variable) => [...variable.dataSync()]);
const flat = (name: string) => [
  ...uniform(`${name} weight`, size * classes),
  ...uniform(`${name} bias`, classes),
];

describeOnEveryEngine('PseudoLabelClassifier', () => {
  test('is a linear layer', () => {
    const classifier = new PseudoLabelClassifier(OPTIONS);
    classifier.restart(1, 0);
    const features = [
      [1, -2, 0.5],
      [0, 3, 1],
    ];
    const before = tf.memory().numTensors;
    const logits = tf.tidy(() => classifier.logits(tf.tensor2d(features)).arraySync());
    expect(tf.memory().numTensors).toBe(before);
    const weight = classifier.variables['classifier/weight'].arraySync() as number[][];
    for (const [row, values] of features.entries()) {
      for (let label = 0; label < classes; label++) {
        const expected = values.reduce((sum, value, at) => sum + value * weight[at]![label]!, 0);
        expect(logits[row]![label]).toBeCloseTo(expected, 5);
      }
    }
    classifier.dispose();
  });

  test('moves against the mean gradient of the steps since its last update, and decays', () => {
    const before = tf.memory().numTensors;
    const classifier = new PseudoLabelClassifier(OPTIONS);
    classifier.restart(1, 0);
    let expected = valuesOf(classifier);
    const kept = tf.memory().numTensors;
    for (const steps of [['a'], ['b', 'c']]) {
      for (const step of steps) classifier.accumulate(gradientsOf(step));
      classifier.update();
      const gradients = steps.map(flat);
      expected = expected.map((value, at) => {
        const mean = gradients.reduce((sum, gradient) => sum + gradient[at]!, 0) / steps.length;
        return value - 0.2 * (mean + 0.1 * value);
      });
      valuesOf(classifier).forEach((value, at) => expect(value).toBeCloseTo(expected[at]!, 5));
      expect(tf.memory().numTensors).toBe(kept);
    }
    // Nothing has been learned since.
    const now = valuesOf(classifier);
    classifier.update();
    expect(valuesOf(classifier)).toEqual(now);
    classifier.accumulate(gradientsOf('d'));
    classifier.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('begins anew with small weights, other ones for each seed and epoch', () => {
    const before = tf.memory().numTensors;
    const classifier = new PseudoLabelClassifier({ ...OPTIONS, size: 60, classes: 50 });
    const drawn = (seed: number, epoch: number) => {
      classifier.restart(seed, epoch);
      return [...classifier.variables['classifier/weight'].dataSync()];
    };
    const weights = drawn(1, 0);
    const deviation = Math.hypot(...weights) / Math.sqrt(weights.length);
    expect(Math.abs(deviation / 0.01 - 1)).toBeLessThan(0.05);
    expect(drawn(1, 1)).not.toEqual(weights);
    expect(drawn(2, 0)).not.toEqual(weights);
    expect(drawn(1, 0)).toEqual(weights);
    tf.tidy(() => classifier.variables['classifier/bias'].assign(tf.ones([50])));
    classifier.restart(1, 0);
    expect(new Set(classifier.variables['classifier/bias'].dataSync())).toEqual(new Set([0]));
    classifier.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('has a state, which forgets gradients; another one’s is refused', async () => {
    const before = tf.memory().numTensors;
    const [one, other] = [new PseudoLabelClassifier(OPTIONS), new PseudoLabelClassifier(OPTIONS)];
    one.restart(1, 0);
    const state = await one.toState();
    other.restart(2, 0);
    other.accumulate(gradientsOf('a'));
    other.fromState(state);
    expect(await other.toState()).toEqual(state);
    other.update();
    expect(await other.toState()).toEqual(state);
    const larger = new PseudoLabelClassifier({ ...OPTIONS, classes: 5 });
    const larger0 = await larger.toState();
    expect(() => one.fromState(larger0)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_MISMATCH' }));
    expect(await one.toState()).toEqual(state);
    for (const classifier of [one, other, larger]) classifier.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
