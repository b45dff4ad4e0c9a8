import { beforeAll, describe, expect, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';

import { describeAgainstTorchvision } from './describeAgainstTorchvision.js';
import { expectEvaluation, readFixture, referenceEncoder, type EvaluationCase } from './reference.js';

const { full } = await readFixture<{ full: EvaluationCase[] }>('torchvision.json');

beforeAll(async () => {
  await useBackend('torch', { threads: 1, log: () => undefined });
});

describeAgainstTorchvision();

describe('at the published sizes', () => {
  test.each(full)('$architecture, $stem stem, $images: features and outputs are equal', async (reference) => {
    const tensors = tf.memory().numTensors;
    const encoder = await referenceEncoder(reference);
    expectEvaluation(encoder, reference);
    encoder.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
