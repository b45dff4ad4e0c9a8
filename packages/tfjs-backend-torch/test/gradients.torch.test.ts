import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { type Gradients, ourGradients, tfjsGradients } from './differentiation.js';
import { registerGradientRules } from './gradientRules.js';
import { STARTUP_TIMEOUT_MS, startTorch } from './startTorch.js';

const passing = tf.customGrad((x) => ({ value: tf.mul(x as tf.Tensor, 2), gradFunc: (dy) => dy }));
const passingTwice = tf.customGrad((a, b) => ({
  value: tf.add(a as tf.Tensor, b as tf.Tensor),
  gradFunc: (dy) => [dy, dy],
}));
const savedAsGradient = tf.customGrad((x, save) => {
  (save as tf.GradSaveFunc)([x as tf.Tensor]);
  return { value: tf.square(x as tf.Tensor), gradFunc: (_dy, saved) => saved[0] as tf.Tensor };
});

const { add, exp, matMul, mul, relu, sigmoid, square, sum, tanh } = tf;

/** Functions of two tensors of shape [2, 3], with one trap for early release each. */
const functions: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
  'a chain': (a, b) => sum(exp(sigmoid(mul(a, b)))),
  'one argument unused': (a) => sum(square(a)),
  'a shared subexpression': (a, b) => {
    const shared = tanh(mul(a, b));
    return sum(add(mul(shared, shared), exp(shared)));
  },
  'residual additions': (a, b) => {
    let x = a;
    for (let block = 0; block < 4; block++) x = add(add(x, relu(mul(x, b))), a);
    return sum(x);
  },
  'the same tensor on both sides': (a) => sum(mul(add(a, a), a)),
  'a gradient that is dy itself': (a, b) => sum(add(passing(passing(mul(a, b))), passing(a))),
  'dy for two inputs': (a, b) => sum(mul(passingTwice(mul(a, b), mul(a, b)), passingTwice(a, a))),
  'dy as the gradient of the argument': (a, b) => passingTwice(a, b),
  'a gradient that is a saved tensor': (a, b) => sum(add(savedAsGradient(savedAsGradient(mul(a, b))), a)),
  'several outputs, some unused': (a, b) => {
    const [first, , third] = tf.split(mul(a, b), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    return sum(add(mul(first, third), first));
  },
  'several outputs, all used': (a, b) => sum(mul(tf.stack(tf.unstack(exp(mul(a, b))).reverse()), a)),
  'a part that does not lead to the result': (a, b) => {
    sum(mul(exp(a), b));
    return sum(mul(b, a));
  },
  'a result of several elements': (a, b) => tf.softmax(matMul(a, b, false, true)),
};

let a: tf.Tensor;
let b: tf.Tensor;

beforeAll(async () => {
  await startTorch();
  registerGradientRules();
  a = tf.tensor([0.5, -1, 2, 0.25, -0.75, 1.5], [2, 3]);
  b = tf.tensor([1, 0.5, -0.3, 2, -2, 0.1], [2, 3]);
}, STARTUP_TIMEOUT_MS);

afterAll(() => tf.dispose([a, b]));

function valuesOf(tensors: readonly (tf.Tensor | undefined)[]): (number[] | undefined)[] {
  return tensors.map((tensor) => tensor && Array.from(tensor.dataSync()));
}

test.each([
  ['scale', [1, 2, 3], undefined],
  ['offset', undefined, [2, 0.5, 1]],
  ['scale and offset', undefined, undefined],
])('the gradient of a batch norm without %s', (_, offset, scale) => {
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const variance = [0.5, 1, 4];
    const f = (x: tf.Tensor): tf.Tensor => sum(tf.batchNorm(x, [0, 1, 2], variance, offset, scale, 0.25));
    const slopes = variance.map((value, channel) => (scale?.[channel] ?? 1) / Math.sqrt(value + 0.25));
    const gradient = tf.grad(f)(a).dataSync();
    [...slopes, ...slopes].forEach((slope, index) => expect(gradient[index]).toBeCloseTo(slope, 6));
    // Where it is recorded and leads to nothing, and where a gradient is differentiated again.
    const besides = (x: tf.Tensor): tf.Tensor => (f(b), sum(square(x)));
    expect(Array.from(tf.grad(besides)(a).dataSync())).toEqual(Array.from(mul(a, 2).dataSync()));
    const twice = tf.grad((x) => sum(mul(tf.grad(f)(x), x)))(a);
    slopes.forEach((slope, channel) => expect(twice.dataSync()[channel]).toBeCloseTo(slope, 6));
  });
  expect(tf.memory().numTensors).toBe(before);
});

describe('gradients with activations released early', () => {
  test.each(Object.keys(functions))('are those of tfjs: %s', (name) => {
    const f = functions[name] as (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const ours = ourGradients(() => f(a, b), [a, b]);
      const theirs = tfjsGradients(() => f(a, b), [a, b]);
      expect(valuesOf([ours.value, ...ours.grads])).toEqual(valuesOf([theirs.value, ...theirs.grads]));
    });
    expect(tf.memory().numTensors).toBe(before);
    expect(valuesOf([a, b])).toEqual([
      [0.5, -1, 2, 0.25, -0.75, 1.5],
      [1, 0.5, Math.fround(-0.3), 2, -2, Math.fround(0.1)],
    ]);
  });

  test.each(Object.keys(functions))('are those of tfjs with a dy, which stays: %s', (name) => {
    const f = functions[name] as (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const shape = tf.tidy(() => f(a, b).shape);
      const dy = tf.reshape(tf.range(1, 1 + tf.util.sizeFromShape(shape), 1), shape);
      const ours = ourGradients(() => f(a, b), [a, b], dy);
      expect(dy.isDisposed).toBe(false);
      const theirs = tfjsGradients(() => f(a, b), [a, b], dy);
      expect(valuesOf(ours.grads)).toEqual(valuesOf(theirs.grads));
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('leave nothing behind without a tidy around them', () => {
    const before = tf.memory().numTensors;
    const { value, grads } = tf.valueAndGrads((x, y) => sum(add(relu(mul(x, y)), x)))([a, b]);
    expect(tf.memory().numTensors).toBe(before + 3);
    tf.dispose([value, ...grads]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('with respect to an intermediate', () => {
    tf.tidy(() => {
      let inner: tf.Tensor | undefined;
      const gradient = (gradients: Gradients): (number[] | undefined)[] => {
        const hidden = tf.keep(mul(a, b));
        const { grads } = gradients(() => {
          inner = exp(hidden);
          return sum(mul(inner, hidden));
        }, [hidden]);
        const values = valuesOf(grads);
        hidden.dispose();
        return values;
      };
      expect(gradient(ourGradients)).toEqual(gradient(tfjsGradients));
      expect(inner?.isDisposed).toBe(true);
    });
  });

  test('with respect to the arguments and to what f computes from them', () => {
    const run = (gradients: Gradients): (number[] | undefined)[] =>
      tf.tidy(() => {
        const xs = [a, b];
        const f = (): tf.Tensor => {
          const hidden = mul(a, b);
          xs.push(hidden);
          return sum(mul(exp(hidden), a));
        };
        return valuesOf(gradients(f, xs).grads);
      });
    expect(run(ourGradients)).toHaveLength(3);
    expect(run(ourGradients)).toEqual(run(tfjsGradients));
  });

  test('do not dispose a constant that a gradient function returns', () => {
    const constant = tf.tensor([7, 8, 9, 10, 11, 12], [2, 3]);
    const constantGradient = tf.customGrad((x) => ({
      value: tf.square(x as tf.Tensor),
      gradFunc: () => constant,
    }));
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const { grads } = ourGradients(() => sum(constantGradient(mul(a, 2))), [a]);
      expect(valuesOf(grads)).toEqual([[14, 16, 18, 20, 22, 24]]);
    });
    expect(constant.isDisposed).toBe(false);
    expect(tf.memory().numTensors).toBe(before);
    constant.dispose();
  });

  test('do not dispose a gradient that a gradient function keeps', () => {
    let kept: tf.Tensor | undefined;
    const keeping = tf.customGrad((x) => ({
      value: tf.square(x as tf.Tensor),
      gradFunc: (dy) => (kept = tf.keep(tf.mul(dy, 3))),
    }));
    tf.tidy(() => ourGradients(() => sum(keeping(mul(a, 2))), [a]));
    expect(valuesOf([kept])).toEqual([[3, 3, 3, 3, 3, 3]]);
    kept?.dispose();
  });

  test('of gradients are those of tfjs', () => {
    const f = (x: tf.Tensor): tf.Tensor => sum(mul(mul(square(x), x), sigmoid(x)));
    const run = (gradients: Gradients): (number[] | undefined)[] =>
      tf.tidy(() => {
        const { value, grads } = gradients(() => sum(tf.grad((x) => sum(square(tf.grad(f)(x))))(a)), [a]);
        return valuesOf([value, ...grads]);
      });
    const before = tf.memory().numTensors;
    expect(run(ourGradients)).toEqual(run(tfjsGradients));
    expect(tf.memory().numTensors).toBe(before);
  });

  test('taken by a gradient function', () => {
    const before = tf.memory().numTensors;
    const zeros = tf.zerosLike(a);
    const differentiating = tf.customGrad((x) => ({
      value: mul(x as tf.Tensor, 3),
      gradFunc: (dy) => tf.grad((z) => square(z))(dy),
    }));
    const gradient = tf.grad((x: tf.Tensor) => sum(mul(differentiating(exp(x)), 5)))(zeros);
    expect(valuesOf([gradient])).toEqual([[10, 10, 10, 10, 10, 10]]);
    tf.dispose([gradient, zeros]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('of variables, as optimizers ask for them', () => {
    const before = tf.memory().numTensors;
    const used = tf.variable(a);
    const unused = tf.variable(b);
    const optimizer = tf.train.sgd(0.1);
    optimizer.minimize(() => sum(mul(used, used)), false, [used]);
    expect(Array.from(used.dataSync())).toEqual(
      [0.5, -1, 2, 0.25, -0.75, 1.5].map((value) => expect.closeTo(value * 0.8, 6)),
    );
    tf.dispose([used, unused]);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('that fail leave no activation behind', () => {
    const before = tf.memory().numTensors;
    const failing = tf.customGrad((x) => ({
      value: tf.square(x as tf.Tensor),
      gradFunc: () => {
        throw new Error('no gradient today');
      },
    }));
    expect(() => ourGradients(() => sum(failing(exp(mul(a, b)))), [a])).toThrow('no gradient today');
    expect(() =>
      ourGradients(() => {
        sigmoid(exp(mul(a, b)));
        throw new Error('no value today');
      }, [a]),
    ).toThrow('no value today');
    expect(tf.memory().numTensors).toBe(before);
    expect(valuesOf(ourGradients(() => sum(mul(a, 2)), [a]).grads)).toEqual([[2, 2, 2, 2, 2, 2]]);
  });

  test.each([
    ['no path', () => ourGradients(() => exp(b), [a]), /no operation with a gradient leads from x to y/],
    ['no arguments', () => ourGradients(() => exp(b), []), /empty list/],
    ['an integer dy', () => ourGradients(() => exp(a), [a], tf.ones([2, 3], 'int32')), /float32/],
    [
      'a gradient of the wrong shape',
      () =>
        ourGradients(
          () => tf.customGrad((x) => ({ value: tf.exp(x as tf.Tensor), gradFunc: () => tf.ones([4]) }))(a),
          [a],
        ),
      /must be float32 of shape \[2,3\], but it is float32 of shape \[4\]/,
    ],
  ])('say what is wrong: %s', (_name, differentiate, message) => {
    const before = tf.memory().numTensors;
    expect(() => tf.tidy(differentiate as () => never)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
