import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core';

import { batchNorm, sgdMomentumStep } from '../src/index.js';
import { startVariant, type Variant, VARIANTS } from './availableBackends.js';
import { relativeError, sampleTensor } from './numericGradient.js';

const CLASSES = 3;
const STEPS = 3;
const PADDING: [number, number][] = [
  [0, 0],
  [1, 1],
  [1, 1],
  [0, 0],
];

/** Stem, max pool, a block, a block with stride 2 and a projected shortcut, average pool, classifier. */
const SHAPES: Record<string, number[]> = {
  stem: [3, 3, 3, 6],
  first: [3, 3, 6, 6],
  second: [3, 3, 6, 6],
  third: [3, 3, 6, 8],
  fourth: [3, 3, 8, 8],
  shortcut: [1, 1, 6, 8],
  classifier: [8, CLASSES],
};

type Parameters = Record<string, Variable>;

function makeParameters(): Parameters {
  const parameters: Parameters = {};
  Object.entries(SHAPES).forEach(([name, shape], index) => {
    const spread = 1 / Math.sqrt(shape.slice(0, -1).reduce((a, b) => a * b));
    parameters[name] = tf.variable(sampleTensor(shape, { seed: index + 1, low: -spread, high: spread }));
    if (shape.length < 4) return;
    const channels = [shape[3] as number];
    parameters[`${name}Scale`] = tf.variable(tf.ones(channels));
    parameters[`${name}Offset`] = tf.variable(tf.zeros(channels));
    parameters[`${name}Mean`] = tf.variable(tf.zeros(channels), false);
    parameters[`${name}Variance`] = tf.variable(tf.ones(channels), false);
  });
  return parameters;
}

function logits(images: Tensor4D, parameters: Parameters): Tensor2D {
  const at = (name: string) => parameters[name] as Variable;
  const layer = (
    x: Tensor,
    name: string,
    stride: number,
    activation: 'linear' | 'relu',
    residual?: Tensor,
  ) => {
    const filter = at(name) as unknown as Tensor4D;
    const padding = filter.shape[0] === 1 ? 'valid' : PADDING;
    return batchNorm(tf.conv2d(x as Tensor4D, filter, stride, padding as 'valid'), {
      scale: at(`${name}Scale`),
      offset: at(`${name}Offset`),
      movingMean: at(`${name}Mean`),
      movingVariance: at(`${name}Variance`),
      training: true,
      activation,
      ...(residual && { residual }),
    });
  };
  const stem = tf.maxPool(layer(images, 'stem', 1, 'relu'), 3, 2, PADDING as never, 'floor');
  const block = layer(layer(stem, 'first', 1, 'relu'), 'second', 1, 'relu', stem);
  const shortcut = layer(block, 'shortcut', 2, 'linear');
  const last = layer(layer(block, 'third', 2, 'relu'), 'fourth', 1, 'relu', shortcut);
  return tf.matMul(tf.mean(last, [1, 2]), at('classifier'));
}

interface Run {
  losses: number[];
  gradients: Float32Array[];
  parameters: Float32Array[];
}

/** A few steps of training from the same start; the gradients are those of the first step. */
async function train(variant: Variant): Promise<Run> {
  await startVariant(variant);
  const parameters = makeParameters();
  const trained = Object.values(parameters).filter(({ trainable }) => trainable);
  const velocities = trained.map((parameter) => tf.variable(tf.zeros(parameter.shape), false));
  const images = sampleTensor([6, 12, 12, 3], { seed: 99 }) as Tensor4D;
  const labels = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'), CLASSES);
  const run: Run = { losses: [], gradients: [], parameters: [] };
  const counts: number[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const { value, grads } = tf.variableGrads(() => {
      const logProbabilities = tf.logSoftmax(logits(images, parameters));
      return tf.neg(tf.mean(tf.sum(tf.mul(labels, logProbabilities), 1)));
    }, trained);
    const gradients = trained.map(({ name }) => grads[name] as Tensor);
    run.losses.push(value.dataSync()[0] as number);
    if (step === 0) run.gradients = gradients.map((gradient) => gradient.dataSync<'float32'>());
    sgdMomentumStep(trained, velocities, gradients, { learningRate: 0.2, momentum: 0.9, weightDecay: 1e-4 });
    tf.dispose([value, grads]);
    counts.push(tf.memory().numTensors);
  }
  expect(new Set(counts).size).toBe(1);
  run.parameters = Object.values(parameters).map((parameter) => parameter.dataSync<'float32'>());
  tf.dispose([parameters, velocities, images, labels]);
  return run;
}

describe('a small ResNet trains', () => {
  let reference: Run;
  beforeAll(async () => {
    reference = await train({ title: 'cpu', name: 'cpu', device: 'cpu' });
  });

  test('on cpu, where its loss falls', () => {
    const [first = 0, , last = 0] = reference.losses;
    expect(first).toBeGreaterThan(1);
    expect(last).toBeLessThan(first - 0.1);
  });

  test.each(VARIANTS.filter(({ name }) => name !== 'cpu'))(
    'on $title with the numbers of cpu',
    async (variant) => {
      const run = await train(variant);
      expect(relativeError(run.losses, reference.losses)).toBeLessThan(1e-4);
      run.gradients.forEach((gradient, index) => {
        expect(relativeError(gradient, reference.gradients[index] as Float32Array)).toBeLessThan(1e-4);
      });
      run.parameters.forEach((parameter, index) => {
        expect(relativeError(parameter, reference.parameters[index] as Float32Array)).toBeLessThan(1e-4);
      });
    },
    600_000,
  );
});
