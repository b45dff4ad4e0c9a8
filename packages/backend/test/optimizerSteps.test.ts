import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';

import { exponentialMovingAverageStep, sgdMomentumStep } from '../src/index.js';
import type { SgdMomentumOptions } from '../src/index.js';
import { describeOnEveryBackend } from './availableBackends.js';
import { relativeError, sampleTensor, sampleValues } from './numericGradient.js';

const SHAPES = [[3, 3, 2, 4], [5], [2, 3], []];
const STEPS = 3;

const sizeOf = (shape: number[]) => shape.reduce((product, size) => product * size, 1);
const dataOf = (tensor: Tensor) => tensor.dataSync<'float32'>();
const variables = (seed: number) =>
  SHAPES.map((shape, index) => tf.variable(sampleTensor(shape, { seed: seed + index })));
const zeroVariables = () => SHAPES.map((shape) => tf.variable(tf.zeros(shape), false));

/** PyTorch's SGD, element by element in float64. */
function naiveSgd(options: SgdMomentumOptions): { parameters: number[][]; velocities: number[][] } {
  const { learningRate, momentum = 0, weightDecay = 0, nesterov = false, decay } = options;
  const parameters = SHAPES.map((shape, index) => [...sampleValues(sizeOf(shape), { seed: 40 + index })]);
  const velocities = SHAPES.map((shape) => Array<number>(sizeOf(shape)).fill(0));
  for (let step = 0; step < STEPS; step += 1) {
    parameters.forEach((values, which) => {
      const velocity = velocities[which] as number[];
      const gradient = sampleValues(values.length, { seed: 50 + 10 * step + which });
      values.forEach((value, element) => {
        const decayed = (gradient[element] as number) + (decay?.[which] === false ? 0 : weightDecay * value);
        velocity[element] = momentum * (velocity[element] as number) + decayed;
        const direction = nesterov ? decayed + momentum * velocity[element] : velocity[element];
        values[element] = value - learningRate * direction;
      });
    });
  }
  return { parameters, velocities };
}

describeOnEveryBackend('sgdMomentumStep', () => {
  const cases: SgdMomentumOptions[] = [
    { learningRate: 0.1 },
    { learningRate: 0.1, momentum: 0.9 },
    { learningRate: 0.1, momentum: 0.9, weightDecay: 0.05 },
    { learningRate: 0.1, momentum: 0.9, weightDecay: 0.05, nesterov: true },
    { learningRate: 0.1, momentum: 0.9, weightDecay: 0.5, decay: [true, false, true, false] },
    { learningRate: 0.1, weightDecay: 0.5, nesterov: true, decay: [false, false, false, true] },
  ];
  test.each(cases)('equals the naive loop: %j', (options) => {
    const parameters = variables(40);
    const velocities = zeroVariables();
    for (let step = 0; step < STEPS; step += 1) {
      const gradients = SHAPES.map((shape, index) => sampleTensor(shape, { seed: 50 + 10 * step + index }));
      sgdMomentumStep(parameters, velocities, gradients, options);
      tf.dispose(gradients);
    }
    const expected = naiveSgd(options);
    parameters.forEach((parameter, index) => {
      expect(relativeError(dataOf(parameter), expected.parameters[index] as number[])).toBeLessThan(1e-5);
      expect(
        relativeError(dataOf(velocities[index] as Tensor), expected.velocities[index] as number[]),
      ).toBeLessThan(1e-5);
    });
    tf.dispose([parameters, velocities]);
  });

  test('leaves no tensor behind and keeps gradients and copies as they were', () => {
    const parameters = variables(60);
    const velocities = zeroVariables();
    const gradients = SHAPES.map((shape, index) => sampleTensor(shape, { seed: 70 + index }));
    const [copy, values] = [tf.clone(parameters[0] as Tensor), dataOf(parameters[0] as Tensor)];
    const gradientValues = gradients.map((gradient) => [...dataOf(gradient)]);
    sgdMomentumStep(parameters, velocities, gradients, { learningRate: 0.1, momentum: 0.9 });
    const before = tf.memory();
    for (let step = 0; step < 5; step += 1) {
      sgdMomentumStep(parameters, velocities, gradients, {
        learningRate: 0.1,
        momentum: 0.9,
        weightDecay: 0.1,
      });
    }
    const after = tf.memory();
    expect([after.numTensors, after.numDataBuffers, after.numBytes]).toEqual([
      before.numTensors,
      before.numDataBuffers,
      before.numBytes,
    ]);
    expect([...dataOf(copy)]).toEqual([...values]);
    expect(gradients.map((gradient) => [...dataOf(gradient)])).toEqual(gradientValues);
    expect([...dataOf(parameters[0] as Tensor)]).not.toEqual([...values]);
    tf.dispose([parameters, velocities, gradients, copy]);
  });

  test('nothing to do is fine', () => sgdMomentumStep([], [], [], { learningRate: 1 }));

  const refusals: [string, (p: Variable, v: Variable, g: Tensor) => void, string][] = [
    [
      'lists of different lengths',
      (p, v, g) => sgdMomentumStep([p], [v], [g, g], { learningRate: 1 }),
      'INVALID_SHAPE',
    ],
    [
      'a flag too few',
      (p, v, g) => sgdMomentumStep([p], [v], [g], { learningRate: 1, decay: [] }),
      'INVALID_SHAPE',
    ],
    [
      'a gradient of another shape',
      (p, v) => sgdMomentumStep([p], [v], [tf.ones([3])], { learningRate: 1 }),
      'INVALID_SHAPE',
    ],
    [
      'an integer gradient',
      (p, v) => sgdMomentumStep([p], [v], [tf.ones([2], 'int32')], { learningRate: 1 }),
      'INVALID_DTYPE',
    ],
    [
      'a learning rate that is no number',
      (p, v, g) => sgdMomentumStep([p], [v], [g], { learningRate: Number.NaN }),
      'INVALID_OPTION',
    ],
  ];
  test.each(refusals)('refuses %s', (_, call, code) => {
    tf.tidy(() => {
      const [parameter, velocity] = [tf.variable(tf.ones([2])), tf.variable(tf.zeros([2]))];
      expect(() => call(parameter, velocity, tf.ones([2]))).toThrow(expect.objectContaining({ code }));
      expect([...dataOf(parameter)]).toEqual([1, 1]);
      tf.dispose([parameter, velocity]);
    });
  });
});

describeOnEveryBackend('exponentialMovingAverageStep', () => {
  test.each([0, 0.5, 0.999, 1])('equals the naive loop at momentum %d', (momentum) => {
    const averages = variables(80);
    const values = variables(90);
    for (let step = 0; step < STEPS; step += 1) exponentialMovingAverageStep(averages, values, { momentum });
    averages.forEach((average, index) => {
      const size = sizeOf(SHAPES[index] as number[]);
      const value = sampleValues(size, { seed: 90 + index });
      const expected = [...sampleValues(size, { seed: 80 + index })].map((start, element) => {
        let current = start;
        for (let step = 0; step < STEPS; step += 1) {
          current = momentum * current + (1 - momentum) * (value[element] as number);
        }
        return current;
      });
      expect(relativeError(dataOf(average), expected)).toBeLessThan(1e-5);
      expect([...dataOf(values[index] as Tensor)]).toEqual([...value]);
    });
    tf.dispose([averages, values]);
  });

  test('leaves no tensor behind and keeps copies of an average as they were', () => {
    const averages = variables(100);
    const values = variables(110);
    const [copy, start] = [tf.clone(averages[0] as Tensor), dataOf(averages[0] as Tensor)];
    exponentialMovingAverageStep(averages, values, { momentum: 0.9 });
    const before = tf.memory();
    for (let step = 0; step < 5; step += 1) exponentialMovingAverageStep(averages, values, { momentum: 0.9 });
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    expect([...dataOf(copy)]).toEqual([...start]);
    tf.dispose([averages, values, copy]);
  });

  test('refuses lists that do not go together', () => {
    tf.tidy(() => {
      const average = tf.variable(tf.ones([2]));
      const step = (values: Tensor[]) => () =>
        exponentialMovingAverageStep([average], values, { momentum: 0.9 });
      expect(step([])).toThrow(expect.objectContaining({ code: 'INVALID_SHAPE' }));
      expect(step([tf.ones([3])])).toThrow(expect.objectContaining({ code: 'INVALID_SHAPE' }));
      average.dispose();
    });
  });
});
