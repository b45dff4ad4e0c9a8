import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { NaiveArray, naiveAxes, type NaivePadding, naivePositions } from './naiveWindows.js';
import { STARTUP_TIMEOUT_MS, startTorch, stridesOfTensor } from './startTorch.js';

beforeAll(() => startTorch(), STARTUP_TIMEOUT_MS);

let tensorsBefore = 0;

beforeEach(() => {
  tf.engine().startScope();
  tensorsBefore = tf.memory().numTensors;
});

afterEach(() => {
  tf.engine().endScope();
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

interface Case {
  image: [number, number];
  filter: [number, number];
  stride: number;
  padding: NaivePadding;
}

const cases: Case[] = [
  { image: [6, 8], filter: [2, 2], stride: 2, padding: 'valid' },
  { image: [7, 7], filter: [3, 3], stride: 2, padding: 'same' },
  { image: [8, 8], filter: [3, 3], stride: 2, padding: 'same' },
  { image: [8, 8], filter: [3, 3], stride: 2, padding: 1 },
  { image: [5, 6], filter: [3, 2], stride: 1, padding: 'same' },
  { image: [5, 6], filter: [2, 2], stride: 1, padding: 2 },
  { image: [7, 7], filter: [1, 1], stride: 2, padding: 'valid' },
  {
    image: [6, 6],
    filter: [3, 3],
    stride: 2,
    padding: [
      [0, 1],
      [2, 1],
    ],
  },
];

const [batch, channels] = [2, 3];

const describeCase = ({ image, filter, stride, padding }: Case): string =>
  `${filter.join('x')} over ${image.join('x')}, stride ${stride}, padding ${JSON.stringify(padding)}`;

const attributesOf = ({ filter, stride, padding }: Case): tf.NamedAttrMap => ({
  filterSize: filter,
  strides: stride,
  pad: Array.isArray(padding) ? [[0, 0], ...padding, [0, 0]] : padding,
});

const tensor = ({ values, shape }: NaiveArray): tf.Tensor => tf.tensor(Float32Array.from(values), shape);

function expectClose(actual: tf.Tensor, expected: NaiveArray): void {
  expect(actual.shape).toEqual(expected.shape);
  actual.dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected.values[i] as number, 5));
}

function run(kernel: string, inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap): tf.Tensor {
  return tf.engine().runKernel(kernel, inputs, attributes);
}

/** The places of the input that each window covers, by batch, channel and place in the output. */
function windowsOf(one: Case): { output: number[]; inputs: number[][] }[] {
  const axes = naiveAxes(one.image, one.filter, one.stride, 1, one.padding);
  const windows = new Map<string, { output: number[]; inputs: number[][] }>();
  for (const { output, input, isInside } of naivePositions(axes)) {
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        const place = [n, ...output, c];
        const window = windows.get(place.join()) ?? { output: place, inputs: [] };
        windows.set(place.join(), window);
        if (isInside) window.inputs.push([n, ...input, c]);
      }
    }
  }
  return [...windows.values()];
}

describe.each(cases.map((one) => [describeCase(one), one] as const))('pooling %s', (_, one) => {
  const windows = windowsOf(one);
  const axes = naiveAxes(one.image, one.filter, one.stride, 1, one.padding);
  const outputShape = [batch, axes[0].output, axes[1].output, channels];
  const x = NaiveArray.scattered([batch, ...one.image, channels], 5);
  const dy = NaiveArray.scattered(outputShape, 6);
  const attributes = attributesOf(one);

  test('takes the largest values and gives them the gradient', () => {
    const y = new NaiveArray(outputShape);
    const dx = new NaiveArray(x.shape);
    for (const { output, inputs } of windows) {
      const largest = Math.max(...inputs.map((place) => x.at(...place)));
      y.add(largest, ...output);
      const place = inputs.find((candidate) => x.at(...candidate) === largest);
      if (place !== undefined) dx.add(dy.at(...output), ...place);
    }
    const result = run('MaxPool', { x: tensor(x) }, attributes);
    expectClose(result, y);
    expectClose(run('MaxPoolGrad', { dy: tensor(dy), input: tensor(x), output: result }, attributes), dx);
  });

  test('averages the values inside the image', () => {
    const y = new NaiveArray(outputShape);
    for (const { output, inputs } of windows) {
      const sum = inputs.reduce((total, place) => total + x.at(...place), 0);
      y.add(inputs.length === 0 ? 0 : sum / inputs.length, ...output);
    }
    expectClose(run('AvgPool', { x: tensor(x) }, attributes), y);
  });

  test('spreads the gradient of an average evenly over its window', () => {
    const dx = new NaiveArray(x.shape);
    for (const { output, inputs } of windows) {
      const share = dy.at(...output) / (one.filter[0] * one.filter[1]);
      for (const place of inputs) dx.add(share, ...place);
    }
    expectClose(run('AvgPoolGrad', { dy: tensor(dy), input: tensor(x) }, attributes), dx);
  });

  test('keeps images in NHWC order', () => {
    const [, height, width] = outputShape as [number, number, number, number];
    const strides = [height * width * channels, width * channels, channels, 1];
    for (const kernel of ['MaxPool', 'AvgPool']) {
      const result = run(kernel, { x: tensor(x) }, attributes);
      expect(stridesOfTensor(result)).toEqual(strides);
    }
  });
});

describe('max pooling', () => {
  const attributes = attributesOf(cases[0] as Case);

  test('passes over values that are not numbers', () => {
    const x = tf.tensor4d([1, NaN, 3, NaN, NaN, NaN, NaN, 4, 5, NaN, NaN, -1, NaN, NaN, 7, 6], [1, 4, 4, 1]);
    expect(Array.from(run('MaxPool', { x }, attributes).dataSync())).toEqual([1, 4, 5, 7]);
  });

  test('keeps whole numbers that single precision cannot hold', () => {
    const x = tf.tensor4d([16_777_217, 3, 2, 1], [1, 2, 2, 1], 'int32');
    const result = run('MaxPool', { x }, attributes);
    expect(result.dtype).toBe('int32');
    expect(Array.from(result.dataSync())).toEqual([16_777_217]);
  });

  test('refuses a gradient that is smaller than its output', () => {
    const input = tf.ones([1, 4, 4, 1]);
    const output = tf.ones([1, 2, 2, 1]);
    expect(() => run('MaxPoolGrad', { dy: tf.ones([1, 1, 2, 1]), input, output }, attributes)).toThrow(
      /INVALID_ARGUMENT/,
    );
  });
});
