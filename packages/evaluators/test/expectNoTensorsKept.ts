import { afterEach, beforeEach, expect } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

/** Has each test of this block leave as many tensors as it found. */
export function expectNoTensorsKept(): void {
  let before: number;
  beforeEach(() => {
    before = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before);
  });
}
