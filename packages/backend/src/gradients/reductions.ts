import {
  backend_util,
  cast,
  cumprod,
  cumsum,
  div,
  equal,
  mul,
  ones,
  reshape,
  softmax,
  sub,
  sum,
  transpose,
  util,
} from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

import { savedTensor } from './gradientRule.js';
import type { GradientRule } from './gradientRule.js';

/** `reduced`, with size 1 along each reduced axis, so that it broadcasts against the input. */
function keepReducedAxes(reduced: Tensor, inputShape: number[], axes: number[]): Tensor {
  return reshape(
    reduced,
    inputShape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  );
}

function axesOf(attribute: unknown, shape: number[]): number[] {
  return util.parseAxisParam(attribute as number | number[], shape);
}

/**
 * The gradient goes to every element that equals the extreme, as TensorFlow.js does it.
 *
 * @param attribute holds the axes: the two ops name it differently
 */
function extreme(attribute: 'reductionIndices' | 'axis'): GradientRule {
  return {
    inputs: ['x'],
    outputs: [true],
    gradients: (dy, saved, attributes) => {
      const x = savedTensor(saved, 0);
      const y = savedTensor(saved, 1);
      const axes = axesOf(attributes[attribute], x.shape);
      return {
        x: () => {
          const isExtreme = cast(equal(x, keepReducedAxes(y, x.shape, axes)), 'float32');
          return mul(isExtreme, keepReducedAxes(dy, x.shape, axes));
        },
      };
    },
  };
}

/** d(product)/dx_i is the product of all the others, which needs no division by an x_i of 0. */
function productOfOthers(x: Tensor, axes: number[]): Tensor {
  const order = [...x.shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const reducedLast = transpose(x, order);
  const outer = x.shape.filter((_, axis) => !axes.includes(axis));
  const rows = reshape(reducedLast, [...outer, -1]);
  const others = mul(cumprod(rows, outer.length, true, false), cumprod(rows, outer.length, true, true));
  return transpose(reshape(others, reducedLast.shape), backend_util.getUndoAxesPermutation(order));
}

/** The gradients of the kernels that take sums, means, extremes and products along axes. */
export const reductionRules: Readonly<Record<string, GradientRule>> = {
  Cumsum: {
    gradients: (dy, _, { axis, exclusive, reverse }) => ({
      x: () => cumsum(dy, axis as number, exclusive as boolean, !(reverse as boolean)),
    }),
  },
  LogSoftmax: {
    inputs: ['logits'],
    gradients: (dy, saved, { axis }) => ({
      logits: () =>
        sub(dy, mul(sum(dy, axis as number, true), softmax(savedTensor(saved, 0), axis as number))),
    }),
  },
  Max: extreme('reductionIndices'),
  Mean: {
    inputs: ['x'],
    gradients: (dy, saved, { axis }) => {
      const x = savedTensor(saved, 0);
      const axes = axesOf(axis, x.shape);
      return {
        x: () => {
          const count = axes.reduce((product, reduced) => product * (x.shape[reduced] ?? 1), 1);
          return mul(keepReducedAxes(div(dy, count), x.shape, axes), ones(x.shape));
        },
      };
    },
  },
  Min: extreme('axis'),
  Prod: {
    inputs: ['x'],
    gradients: (dy, saved, { axis }) => {
      const x = savedTensor(saved, 0);
      const axes = axesOf(axis, x.shape);
      return { x: () => mul(keepReducedAxes(dy, x.shape, axes), productOfOthers(x, axes)) };
    },
  },
  Softmax: {
    inputs: ['logits'],
    gradients: (dy, saved, { dim }) => ({
      logits: () => {
        const y = softmax(savedTensor(saved, 0), dim as number);
        return mul(y, sub(dy, sum(mul(dy, y), dim as number, true)));
      },
    }),
  },
  Sum: {
    inputs: ['x'],
    gradients: (dy, saved, { axis }) => {
      const x = savedTensor(saved, 0);
      const axes = axesOf(axis, x.shape);
      return { x: () => mul(keepReducedAxes(dy, x.shape, axes), ones(x.shape)) };
    },
  },
};
