import * as tf from '@tensorflow/tfjs-core';

import { registerGradientRules } from '../gradientRules.js';

/** Trains a network of two layers for some steps on made-up data, and returns its weights. */
export function trainSmallNetwork(seed: number): number[] {
  registerGradientRules();
  const inputs = tf.randomNormal<tf.Rank.R2>([32, 8], 0, 1, 'float32', seed);
  const targets = tf.randomNormal([32, 4], 0, 1, 'float32', seed + 1);
  const first = variable([8, 16], seed + 2);
  const second = variable([16, 4], seed + 3);
  const optimizer = tf.train.sgd(0.01);
  for (let step = 0; step < 30; step++) {
    optimizer.minimize(
      () => {
        const outputs = tf.matMul(tf.tanh(tf.matMul(inputs, first)), second);
        return tf.sum(tf.square(tf.sub(outputs, targets)));
      },
      false,
      [first, second],
    );
  }
  const weights = [first, second].flatMap((variable) => Array.from(variable.dataSync()));
  tf.dispose([inputs, targets, first, second]);
  optimizer.dispose();
  return weights;
}

function variable(shape: [number, number], seed: number): tf.Variable<tf.Rank.R2> {
  return tf.tidy(() => tf.variable(tf.randomNormal<tf.Rank.R2>(shape, 0, 0.3, 'float32', seed)));
}
