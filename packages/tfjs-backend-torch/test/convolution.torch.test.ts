import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { addon } from '../src/native/addon.js';
import { NaiveArray, naiveAxes, type NaiveAxis, type NaivePadding, naivePositions } from './naiveWindows.js';
import { activeTorch, STARTUP_TIMEOUT_MS, startTorch, stridesOfTensor } from './startTorch.js';

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

/** A convolution's shape: what PyTorch calls N, H, W, C, O, and the windows. */
interface Case {
  image: [number, number];
  filter: [number, number];
  channels: number;
  filters: number;
  stride: number;
  dilation: number;
  padding: NaivePadding;
}

const common: Omit<Case, 'padding'> = {
  image: [7, 8],
  filter: [3, 3],
  channels: 3,
  filters: 4,
  stride: 1,
  dilation: 1,
};
const cases: Case[] = [
  { ...common, padding: 'same' },
  { ...common, padding: 'valid' },
  { ...common, padding: 1 },
  { ...common, stride: 2, padding: 'same' },
  { ...common, image: [8, 8], stride: 2, padding: 'same' },
  { ...common, image: [8, 8], stride: 2, padding: 1 },
  { ...common, stride: 3, padding: 'valid' },
  { ...common, filter: [2, 4], padding: 'same' },
  { ...common, filter: [5, 5], stride: 2, padding: 'same' },
  { ...common, dilation: 2, padding: 'same' },
  { ...common, dilation: 2, padding: 'valid' },
  {
    ...common,
    padding: [
      [1, 2],
      [0, 3],
    ],
  },
  {
    ...common,
    stride: 2,
    padding: [
      [2, 0],
      [1, 2],
    ],
  },
  { ...common, filter: [1, 1], padding: 'valid' },
  { ...common, filter: [1, 1], stride: 2, padding: 'valid' },
  { ...common, image: [8, 8], filter: [1, 1], stride: 2, padding: 'same' },
  { ...common, filter: [1, 1], stride: 3, padding: 1 },
  {
    ...common,
    filter: [1, 1],
    stride: 2,
    padding: [
      [1, 0],
      [0, 2],
    ],
  },
  {
    ...common,
    channels: 16,
    filter: [1, 1],
    stride: 2,
    padding: [
      [0, 1],
      [1, 1],
    ],
  },
  { ...common, channels: 1, filters: 1, padding: 'same' },
  { ...common, channels: 18, filters: 20, padding: 'same' },
  { ...common, channels: 17, filters: 5, stride: 2, padding: 'same' },
  { ...common, channels: 32, filters: 16, filter: [1, 1], stride: 2, padding: 'valid' },
];

const batch = 2;

function describeCase({ image, filter, channels, filters, stride, dilation, padding }: Case): string {
  const shapes = `${image.join('x')}x${channels} by ${filter.join('x')}x${filters}`;
  return `${shapes}, stride ${stride}, dilation ${dilation}, padding ${JSON.stringify(padding)}`;
}

function axesOf({ image, filter, stride, dilation, padding }: Case): [NaiveAxis, NaiveAxis] {
  return naiveAxes(image, filter, stride, dilation, padding);
}

function attributesOf({ stride, dilation, padding }: Case): tf.NamedAttrMap {
  const pad = Array.isArray(padding) ? [[0, 0], ...padding, [0, 0]] : padding;
  return { strides: stride, dilations: dilation, pad, dataFormat: 'NHWC' };
}

/** Calls `visit` with what one multiplication of the convolution takes. */
function forEachProduct(
  { channels, filters }: Case,
  axes: [NaiveAxis, NaiveAxis],
  visit: (x: number[], filter: number[], y: number[]) => void,
): void {
  for (const { input, filter, output, isInside } of naivePositions(axes)) {
    if (!isInside) continue;
    for (let n = 0; n < batch; n++) {
      for (let i = 0; i < channels; i++) {
        for (let o = 0; o < filters; o++) visit([n, ...input, i], [...filter, i, o], [n, ...output, o]);
      }
    }
  }
}

function naiveConvolution(one: Case): {
  x: NaiveArray;
  filter: NaiveArray;
  dy: NaiveArray;
  y: NaiveArray;
  dx: NaiveArray;
  dFilter: NaiveArray;
} {
  const axes = axesOf(one);
  const outputShape = [batch, axes[0].output, axes[1].output, one.filters];
  const x = NaiveArray.scattered([batch, ...one.image, one.channels], 1);
  const filter = NaiveArray.scattered([...one.filter, one.channels, one.filters], 2);
  const dy = NaiveArray.scattered(outputShape, 3);
  const [y, dx, dFilter] = [outputShape, x.shape, filter.shape].map((shape) => new NaiveArray(shape)) as [
    NaiveArray,
    NaiveArray,
    NaiveArray,
  ];
  forEachProduct(one, axes, (atX, atFilter, atY) => {
    y.add(x.at(...atX) * filter.at(...atFilter), ...atY);
    dx.add(dy.at(...atY) * filter.at(...atFilter), ...atX);
    dFilter.add(dy.at(...atY) * x.at(...atX), ...atFilter);
  });
  return { x, filter, dy, y, dx, dFilter };
}

const tensor = ({ values, shape }: NaiveArray): tf.Tensor => tf.tensor(Float32Array.from(values), shape);

function run(kernel: string, inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap): tf.Tensor {
  return tf.engine().runKernel(kernel, inputs, attributes);
}

function expectClose(actual: tf.Tensor, expected: NaiveArray): void {
  expect(actual.shape).toEqual(expected.shape);
  const largest = expected.values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  actual.dataSync().forEach((value, i) => {
    expect(Math.abs(value - (expected.values[i] as number)) / largest).toBeLessThan(1e-5);
  });
}

describe.each(cases.map((one) => [describeCase(one), one] as const))('a convolution of %s', (_, one) => {
  test('has the values of nested loops', () => {
    const { x, filter, y } = naiveConvolution(one);
    expectClose(run('Conv2D', { x: tensor(x), filter: tensor(filter) }, attributesOf(one)), y);
  });

  test('has the input gradient of nested loops', () => {
    const { x, filter, dy, dx } = naiveConvolution(one);
    const attributes = { ...attributesOf(one), inputShape: x.shape };
    expectClose(run('Conv2DBackpropInput', { dy: tensor(dy), filter: tensor(filter) }, attributes), dx);
  });

  test('has the filter gradient of nested loops', () => {
    const { x, filter, dy, dFilter } = naiveConvolution(one);
    const attributes = { ...attributesOf(one), filterShape: filter.shape };
    expectClose(run('Conv2DBackpropFilter', { x: tensor(x), dy: tensor(dy) }, attributes), dFilter);
  });

  test('is the same with the channels first', () => {
    const { x, filter, dy, y, dx, dFilter } = naiveConvolution(one);
    const first = (array: NaiveArray): tf.Tensor => tf.transpose(tensor(array), [0, 3, 1, 2]);
    const last = (result: tf.Tensor): tf.Tensor => tf.transpose(result, [0, 2, 3, 1]);
    const { padding } = one;
    const pad = Array.isArray(padding) ? [[0, 0], [0, 0], ...padding] : padding;
    const attributes = { ...attributesOf(one), pad, dataFormat: 'NCHW' } as unknown as tf.NamedAttrMap;
    const inputs = { x: first(x), filter: tensor(filter), dy: first(dy) };
    expectClose(last(run('Conv2D', inputs, attributes)), y);
    const inputShape = inputs.x.shape;
    expectClose(
      last(
        run('Conv2DBackpropInput', { dy: inputs.dy, filter: inputs.filter }, { ...attributes, inputShape }),
      ),
      dx,
    );
    expectClose(run('Conv2DBackpropFilter', inputs, { ...attributes, filterShape: filter.shape }), dFilter);
  });
});

describe('the memory of a convolution', () => {
  const attributes = attributesOf({ ...cases[0]!, padding: 'same' });
  const [height, width, channels, filters] = [6, 5, 16, 24];
  const inOrder = [height * width * filters, width * filters, filters, 1];
  const outputsFirst = [3 * channels, channels, 1, 9 * channels];

  test('is that of NHWC images, and of filters with their output channels first', () => {
    const x = tf.ones([2, height, width, channels]);
    const filter = tf.ones([3, 3, channels, filters]);
    const dy = tf.ones([2, height, width, filters]);
    expect(stridesOfTensor(run('Conv2D', { x, filter }, attributes))).toEqual(inOrder);
    expect(stridesOfTensor(filter)).toEqual(outputsFirst);
    const dFilter = run('Conv2DBackpropFilter', { x, dy }, { ...attributes, filterShape: filter.shape });
    expect(stridesOfTensor(dFilter)).toEqual(outputsFirst);
    const dx = run('Conv2DBackpropInput', { dy, filter }, { ...attributes, inputShape: x.shape });
    expect(stridesOfTensor(dx)).toEqual([height * width * channels, width * channels, channels, 1]);
    const small = run(
      'Conv2DBackpropFilter',
      { x: tf.ones([2, 6, 5, 3]), dy },
      { ...attributes, filterShape: [3, 3, 3, filters] },
    );
    expect(stridesOfTensor(small)).toEqual([9, 3, 1, 27]);
  });

  test('is changed once for each filter, whose values stay', () => {
    const relayout = jest.spyOn(activeTorch(), 'relayout');
    const filter = tensor(NaiveArray.scattered([3, 3, channels, filters], 4));
    const before = Array.from(filter.dataSync());
    const x = tf.ones([1, height, width, channels]);
    for (let i = 0; i < 3; i++) run('Conv2D', { x, filter }, attributes);
    expect(relayout).toHaveBeenCalledTimes(1);
    expect(Array.from(filter.dataSync())).toEqual(before);
    relayout.mockRestore();
  });

  test('is in order for images that came out of it', () => {
    const turned = tf.transpose(tf.ones([1, width, height, channels]), [0, 2, 1, 3]);
    const filter = tf.ones([1, 1, channels, filters]);
    expect(stridesOfTensor(run('Conv2D', { x: turned, filter }, attributes))).toEqual(inOrder);
  });
});

describe('a gradient of the output with another shape', () => {
  const attributes = attributesOf({ ...cases[0]!, padding: 'same' });

  test.each(['Conv2DBackpropInput', 'Conv2DBackpropFilter'])(
    'is refused by %s where it is smaller',
    (kernel) => {
      const inputs = { dy: tf.ones([2, 3, 4, 4]), x: tf.ones([2, 4, 4, 16]), filter: tf.ones([3, 3, 16, 4]) };
      const shapes = { inputShape: [2, 4, 4, 16], filterShape: [3, 3, 16, 4] };
      expect(() => run(kernel, inputs, { ...attributes, ...shapes })).toThrow(/INVALID_ARGUMENT/);
    },
  );
});

describe('a fused convolution', () => {
  const one: Case = { ...cases[3]! };
  const { x, filter, y } = naiveConvolution(one);
  const perChannel = [0.5, -1, 2, 0.25];
  const alphas = [0.1, 0.2, 0.3, 0.4];

  const activations: Record<string, (value: number, channel: number) => number> = {
    linear: (value) => value,
    relu: (value) => Math.max(0, value),
    relu6: (value) => Math.min(6, Math.max(0, value)),
    elu: (value) => (value > 0 ? value : Math.expm1(value)),
    sigmoid: (value) => 1 / (1 + Math.exp(-value)),
    leakyrelu: (value) => (value > 0 ? value : 0.3 * value),
    prelu: (value, channel) => (value > 0 ? value : (alphas[channel] as number) * value),
  };

  test.each(Object.keys(activations))('adds a bias and applies %s', (activation) => {
    const expected = new NaiveArray(y.shape);
    y.values.forEach((value, i) => {
      expected.values[i] = activations[activation]!(value + (perChannel[i % 4] as number), i % 4);
    });
    const inputs = {
      x: tensor(x),
      filter: tensor(filter),
      bias: tf.tensor1d(perChannel),
      preluActivationWeights: tf.tensor1d(alphas),
    };
    const attributes = { ...attributesOf(one), activation, leakyreluAlpha: 0.3 };
    expectClose(run('FusedConv2D', inputs, attributes), expected);
  });

  test('adds one number to all channels', () => {
    const expected = new NaiveArray(
      y.shape,
      y.values.map((value) => value + 0.5),
    );
    const inputs = { x: tensor(x), filter: tensor(filter), bias: tf.scalar(0.5) };
    expectClose(run('FusedConv2D', inputs, { ...attributesOf(one), activation: 'linear' }), expected);
  });
});

describe('a depthwise convolution', () => {
  const multiplier = 2;

  test.each(cases.slice(0, 13).map((one) => [describeCase(one), one] as const))('of %s', (_, one) => {
    const axes = axesOf(one);
    const outputShape = [batch, axes[0].output, axes[1].output, one.channels * multiplier];
    const x = NaiveArray.scattered([batch, ...one.image, one.channels], 1);
    const filter = NaiveArray.scattered([...one.filter, one.channels, multiplier], 2);
    const dy = NaiveArray.scattered(outputShape, 3);
    const y = new NaiveArray(outputShape);
    const dx = new NaiveArray(x.shape);
    const dFilter = new NaiveArray(filter.shape);
    for (const { input, filter: place, output, isInside } of naivePositions(axes)) {
      for (let n = 0; n < batch && isInside; n++) {
        for (let o = 0; o < one.channels * multiplier; o++) {
          const [atX, atY] = [
            [n, ...input, Math.floor(o / multiplier)],
            [n, ...output, o],
          ];
          const atFilter = [...place, Math.floor(o / multiplier), o % multiplier];
          y.add(x.at(...atX) * filter.at(...atFilter), ...atY);
          dx.add(dy.at(...atY) * filter.at(...atFilter), ...atX);
          dFilter.add(dy.at(...atY) * x.at(...atX), ...atFilter);
        }
      }
    }
    const inputs = { x: tensor(x), filter: tensor(filter), dy: tensor(dy) };
    const attributes = { ...attributesOf(one), inputShape: x.shape, filterShape: filter.shape };
    expectClose(run('DepthwiseConv2dNative', inputs, attributes), y);
    expectClose(run('DepthwiseConv2dNativeBackpropInput', inputs, attributes), dx);
    expectClose(run('DepthwiseConv2dNativeBackpropFilter', inputs, attributes), dFilter);
  });
});

test('no convolution asks for NNPACK, which warns on stderr where it cannot run', () => {
  const [major, minor] = addon().version().split('.').map(Number) as [number, number];
  const canBeToldTo = major > 2 || (major === 2 && minor >= 3);
  const hasOneDnn = process.arch === 'x64';
  if (canBeToldTo && hasOneDnn) expect(addon().mayUseNnpack()).toBe(0);
});
