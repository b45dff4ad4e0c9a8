import { expect, test } from '@jest/globals';

import { lbfgs } from '../../src/linear/lbfgs.js';

test('finds the minimum of a badly conditioned quadratic', async () => {
  const scales = [1, 10, 100, 1000];
  const objective = async (point: Float64Array) => ({
    value: scales.reduce((sum, scale, i) => sum + (scale / 2) * (point[i]! - i) ** 2, 0),
    gradient: point.map((component, i) => scales[i]! * (component - i)),
  });
  const result = await lbfgs(objective, Float64Array.of(5, -3, 8, 1), { iterations: 100, tolerance: 1e-9 });
  expect(result.converged).toBe(true);
  result.point.forEach((component, i) => expect(component).toBeCloseTo(i, 9));
});

test('finds the minimum of Rosenbrock’s valley', async () => {
  const objective = async ([x, y]: Float64Array) => ({
    value: (1 - x!) ** 2 + 100 * (y! - x! ** 2) ** 2,
    gradient: Float64Array.of(-2 * (1 - x!) - 400 * x! * (y! - x! ** 2), 200 * (y! - x! ** 2)),
  });
  const result = await lbfgs(objective, Float64Array.of(-1.2, 1), { iterations: 200, tolerance: 1e-8 });
  expect(result.converged).toBe(true);
  expect(result.point[0]).toBeCloseTo(1, 6);
  expect(result.point[1]).toBeCloseTo(1, 6);
});

test('stops where no step helps', async () => {
  const flat = async () => ({ value: 1, gradient: Float64Array.of(1) });
  const result = await lbfgs(flat, Float64Array.of(0), { iterations: 5, tolerance: 0 });
  expect(result).toMatchObject({ iterations: 0, converged: false });
});
