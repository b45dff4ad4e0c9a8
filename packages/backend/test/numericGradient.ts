import { expect } from '@jest/globals';
import { dispose, engine, env, grads, mul, sum, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

// TensorFlow.js then checks after every kernel that it left no memory behind but its outputs.
env().set('IS_TEST', true);

/** Values that look random, differ from each other and are the same in every run. */
export function sampleValues(count: number, { seed = 1, low = -1, high = 1 } = {}): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) >>> 0;
    return low + (high - low) * (state / 2 ** 32);
  });
}

export function sampleTensor(shape: number[], options: Parameters<typeof sampleValues>[1] = {}): Tensor {
  return tensor(
    sampleValues(
      shape.reduce((product, size) => product * size, 1),
      options,
    ),
    shape,
  );
}

/** The largest difference, relative to the largest magnitude of what was expected. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let difference = 0;
  let magnitude = 1e-12;
  for (let index = 0; index < expected.length; index += 1) {
    const gap = Math.abs((actual[index] as number) - (expected[index] as number));
    if (!(gap <= difference)) difference = gap;
    magnitude = Math.max(magnitude, Math.abs(expected[index] as number));
  }
  return difference / magnitude;
}

interface GradientCheck {
  /** The step of the central difference. */
  step?: number;
  /** The largest relative error that passes. */
  tolerance?: number;
}

/**
 * Compares `tf.grads` of a weighted sum of `f`'s output with central differences, element by
 * element and for every input, and checks that no tensor is left over.
 */
export function expectGradients(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: Tensor[],
  { step = 1e-2, tolerance = 3e-3 }: GradientCheck = {},
): void {
  const weightsOf = (output: Tensor) => sampleTensor(output.shape, { seed: 7, low: 0.5, high: 1.5 });
  const objective = (...at: Tensor[]) => {
    const output = f(...at);
    return sum(mul(output, weightsOf(output)));
  };
  const before = engine().memory().numTensors;
  const analytic = grads(objective)(inputs);
  expect(engine().memory().numTensors).toBe(before + inputs.length);
  inputs.forEach((input, which) => {
    const values = input.dataSync<'float32'>();
    const numeric = values.map((value, element) => {
      const [above, below] = [value + step, value - step].map((moved) =>
        tidy(() => {
          const shifted = Float32Array.from(values);
          shifted[element] = moved;
          const at = inputs.map((other, index) => (index === which ? tensor(shifted, input.shape) : other));
          return objective(...at).dataSync()[0] as number;
        }),
      );
      return ((above as number) - (below as number)) / (2 * step);
    });
    expect(relativeError((analytic[which] as Tensor).dataSync(), numeric)).toBeLessThan(tolerance);
  });
  dispose(analytic);
  expect(engine().memory().numTensors).toBe(before);
}
