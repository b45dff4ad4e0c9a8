import {
  add,
  cast,
  cos,
  cosh,
  div,
  exp,
  greaterEqual,
  lessEqual,
  logicalAnd,
  minimum,
  mul,
  neg,
  sigmoid,
  sign,
  sin,
  sinh,
  sqrt,
  square,
  step,
  sub,
  tanh,
  where,
  zeros,
  zerosLike,
} from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

import { savedTensor } from './gradientRule.js';
import type { Attributes, GradientRule } from './gradientRule.js';

type Backward = (dy: Tensor, kept: Tensor, attributes: Attributes) => Tensor;

const SELU_SCALE = 1.0507009873554805;
const SELU_SCALE_ALPHA = 1.7580993408473766;

/**
 * dx as a function of dy and the kernel's input.
 *
 * Many of these would be shorter with the output, but TensorFlow.js records a kept output before the
 * kernel that made it, where a second derivative does not find it. Only where the slope is constant
 * on both sides does the output, which the next kernel mostly keeps anyway, do as well.
 */
const fromInput: Readonly<Record<string, Backward>> = {
  Abs: (dy, x) => mul(dy, sign(x)),
  Acos: (dy, x) => neg(div(dy, sqrt(sub(1, square(x))))),
  Acosh: (dy, x) => div(dy, sqrt(sub(square(x), 1))),
  Asin: (dy, x) => div(dy, sqrt(sub(1, square(x)))),
  Asinh: (dy, x) => div(dy, sqrt(add(1, square(x)))),
  Atan: (dy, x) => div(dy, add(1, square(x))),
  Atanh: (dy, x) => div(dy, sub(1, square(x))),
  ClipByValue: (dy, x, { clipValueMin, clipValueMax }) =>
    where(
      logicalAnd(greaterEqual(x, clipValueMin as number), lessEqual(x, clipValueMax as number)),
      dy,
      zerosLike(dy),
    ),
  Cos: (dy, x) => neg(mul(dy, sin(x))),
  Cosh: (dy, x) => mul(dy, sinh(x)),
  Elu: (dy, x) => mul(dy, exp(minimum(x, 0))),
  Erf: (dy, x) => mul(mul(dy, exp(neg(square(x)))), 2 / Math.sqrt(Math.PI)),
  Exp: (dy, x) => mul(dy, exp(x)),
  Expm1: (dy, x) => mul(dy, exp(x)),
  LeakyRelu: (dy, x, { alpha }) => mul(dy, step(x, alpha as number)),
  Log: (dy, x) => div(dy, x),
  Log1p: (dy, x) => div(dy, add(x, 1)),
  Reciprocal: (dy, x) => neg(div(dy, square(x))),
  Rsqrt: (dy, x) => mul(div(dy, mul(x, sqrt(x))), -0.5),
  Selu: (dy, x) => {
    const positive = step(x);
    const slope = add(mul(positive, SELU_SCALE), mul(sub(1, positive), mul(exp(x), SELU_SCALE_ALPHA)));
    return mul(dy, slope);
  },
  Sigmoid: (dy, x) => {
    const y = sigmoid(x);
    return mul(dy, mul(y, sub(1, y)));
  },
  Sin: (dy, x) => mul(dy, cos(x)),
  Sinh: (dy, x) => mul(dy, cosh(x)),
  Softplus: (dy, x) => mul(dy, sigmoid(x)),
  Sqrt: (dy, x) => div(dy, mul(sqrt(x), 2)),
  Square: (dy, x) => mul(dy, mul(x, 2)),
  Tan: (dy, x) => div(dy, square(cos(x))),
  Tanh: (dy, x) => mul(dy, sub(1, square(tanh(x)))),
};

/** dx as a function of dy and the kernel's output. */
const fromOutput: Readonly<Record<string, Backward>> = {
  Relu: (dy, y) => mul(dy, step(y)),
  Relu6: (dy, y) => mul(dy, mul(step(y), step(sub(6, y)))),
};

/** Kernels of one input whose gradient does not depend on its values. */
const fromNothing: Readonly<Record<string, (dy: Tensor) => Tensor>> = {
  Cast: (dy) => cast(dy, 'float32'),
  Identity: (dy) => cast(dy, 'float32'),
  Neg: (dy) => neg(dy),
};

/** Piecewise constant kernels, and those whose output has no slope at all. */
const flatOfSameShape = [
  'Ceil',
  'Floor',
  'IsFinite',
  'IsInf',
  'IsNan',
  'OnesLike',
  'Round',
  'Sign',
  'Step',
  'ZerosLike',
];
const flatOfOtherShape: Readonly<Record<string, string>> = { ArgMax: 'x', ArgMin: 'x', OneHot: 'indices' };

/** The gradients of the kernels that take one tensor and work element by element. */
export const unaryRules: Readonly<Record<string, GradientRule>> = Object.fromEntries<GradientRule>([
  ...Object.entries(fromInput).map(([name, backward]): [string, GradientRule] => [
    name,
    {
      inputs: ['x'],
      gradients: (dy, saved, attributes) => ({ x: () => backward(dy, savedTensor(saved, 0), attributes) }),
    },
  ]),
  ...Object.entries(fromOutput).map(([name, backward]): [string, GradientRule] => [
    name,
    {
      outputs: [true],
      gradients: (dy, saved, attributes) => ({ x: () => backward(dy, savedTensor(saved, 0), attributes) }),
    },
  ]),
  ...Object.entries(fromNothing).map(([name, backward]): [string, GradientRule] => [
    name,
    { gradients: (dy) => ({ x: () => backward(dy) }) },
  ]),
  ...flatOfSameShape.map((name): [string, GradientRule] => [
    name,
    { gradients: (dy) => ({ x: () => zeros(dy.shape) }) },
  ]),
  ...Object.entries(flatOfOtherShape).map(([name, input]): [string, GradientRule] => [
    name,
    {
      inputs: [input],
      gradients: (_, saved) => ({ [input]: () => zeros(savedTensor(saved, 0).shape) }),
    },
  ]),
]);
