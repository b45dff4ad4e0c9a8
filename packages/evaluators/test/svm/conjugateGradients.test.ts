import { expect, test } from '@jest/globals';

import { conjugateGradients } from '../../src/svm/conjugateGradients.js';

const matrices = [
  [
    [4, 1, 0],
    [1, 3, -1],
    [0, -1, 2],
  ],
  [
    [1, 0, 0],
    [0, 50, 0],
    [0, 0, 1000],
  ],
  [
    [2, 1, 1],
    [1, 2, 1],
    [1, 1, 2],
  ],
];
const multiply = async (x: Float64Array) =>
  matrices.flatMap((matrix, p) =>
    matrix.map((row) => row.reduce((sum, value, i) => sum + value * x[3 * p + i]!, 0)),
  );

test('solves several systems at once, one of them with nothing to do', async () => {
  const b = Float64Array.of(1, -2, 3, 5, 5, 5, 0, 0, 0);
  const x = await conjugateGradients(multiply, b, 3, { tolerance: 1e-12, iterations: 50 });
  const product = await multiply(x);
  product.forEach((value, i) => expect(value).toBeCloseTo(b[i]!, 9));
  expect([...x.slice(6)]).toEqual([0, 0, 0]);
});

test('ends after the given number of steps', async () => {
  let steps = 0;
  const counted = async (x: Float64Array) => {
    steps++;
    return multiply(x);
  };
  await conjugateGradients(counted, new Float64Array(9).fill(1), 3, { tolerance: 0, iterations: 2 });
  expect(steps).toBe(2);
});
