import {
  add,
  cast,
  div,
  floor,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  logicalNot,
  minimum,
  mul,
  neg,
  pow,
  square,
  step,
  sub,
  where,
  zeros,
  zerosLike,
} from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

import { savedTensor, sumToShape } from './gradientRule.js';
import type { GradientRule } from './gradientRule.js';

type Backward = (dy: Tensor, a: Tensor, b: Tensor) => Tensor;

/** A kernel of two inputs that were broadcast against each other. */
function broadcastRule(gradientOfA: Backward, gradientOfB: Backward): GradientRule {
  return {
    inputs: ['a', 'b'],
    gradients: (dy, saved) => {
      const a = savedTensor(saved, 0);
      const b = savedTensor(saved, 1);
      return {
        a: () => sumToShape(gradientOfA(dy, a, b), a.shape),
        b: () => sumToShape(gradientOfB(dy, a, b), b.shape),
      };
    },
  };
}

const same: Backward = (dy) => dy;
const masked = (dy: Tensor, mask: Tensor): Tensor => mul(dy, cast(mask, 'float32'));

/** Comparisons have no slope: the path through them ends without an error. */
const comparisonRules = Object.fromEntries(
  ['Equal', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr', 'NotEqual'].map(
    (name) => [
      name,
      broadcastRule(
        (_, a) => zeros(a.shape),
        (_, _a, b) => zeros(b.shape),
      ),
    ],
  ),
);

/** The gradients of the kernels that take two tensors and work element by element. */
export const binaryRules: Readonly<Record<string, GradientRule>> = {
  ...comparisonRules,
  Add: broadcastRule(same, same),
  AddN: {
    allInputs: true,
    gradients: (dy, saved) => Object.fromEntries(saved.map((_, index) => [index, () => cast(dy, 'float32')])),
  },
  Atan2: broadcastRule(
    (dy, a, b) => mul(dy, div(b, add(square(a), square(b)))),
    (dy, a, b) => neg(mul(dy, div(a, add(square(a), square(b))))),
  ),
  Maximum: broadcastRule(
    (dy, a, b) => masked(dy, greaterEqual(a, b)),
    (dy, a, b) => masked(dy, less(a, b)),
  ),
  Minimum: broadcastRule(
    (dy, a, b) => masked(dy, lessEqual(a, b)),
    (dy, a, b) => masked(dy, greater(a, b)),
  ),
  Mod: broadcastRule(same, (dy, a, b) => neg(mul(dy, floor(div(a, b))))),
  Multiply: broadcastRule(
    (dy, _, b) => mul(dy, cast(b, 'float32')),
    (dy, a) => mul(dy, cast(a, 'float32')),
  ),
  Pow: broadcastRule(
    (dy, a, b) => mul(dy, mul(b, pow(a, sub(b, 1)))),
    // The logarithm of a base that is not positive has no real value: its exponent gets no gradient.
    (dy, a, b) => mul(dy, mul(pow(a, b), where(greater(a, 0), log(a), zerosLike(a)))),
  ),
  Prelu: {
    inputs: ['x', 'alpha'],
    gradients: (dy, saved) => {
      const x = savedTensor(saved, 0);
      const alpha = savedTensor(saved, 1);
      return {
        x: () => mul(dy, add(step(x), mul(alpha, sub(1, step(x))))),
        alpha: () => sumToShape(mul(dy, minimum(x, 0)), alpha.shape),
      };
    },
  },
  RealDiv: broadcastRule(
    (dy, _, b) => div(dy, cast(b, 'float32')),
    (dy, a, b) => neg(mul(dy, div(a, square(cast(b, 'float32'))))),
  ),
  Select: {
    inputs: ['condition'],
    gradients: (dy, saved) => {
      const condition = savedTensor(saved, 0);
      return {
        condition: () => zerosLike(cast(condition, 'float32')),
        t: () => where(condition, dy, zerosLike(dy)),
        e: () => where(logicalNot(condition), dy, zerosLike(dy)),
      };
    },
  },
  SquaredDifference: broadcastRule(
    (dy, a, b) => mul(dy, mul(sub(a, b), 2)),
    (dy, a, b) => mul(dy, mul(sub(b, a), 2)),
  ),
  Sub: broadcastRule(same, (dy) => neg(dy)),
};
