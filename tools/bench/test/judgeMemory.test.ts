import { describe, expect, test } from '@jest/globals';

import { judgeMemory } from '../soak/judgeMemory.js';

const steps = 100;
const constant = Array.from({ length: steps }, () => 7);

function resident(bytesAt: (step: number) => number): number[] {
  return Array.from({ length: steps }, (_, step) => bytesAt(step));
}

describe('judgeMemory', () => {
  test('what happens while warming up does not count', () => {
    const verdict = judgeMemory(
      resident((step) => (step < 10 ? 5 * step : 100)),
      constant,
    );
    const tenth = Array.from({ length: 10 }, () => 100);
    expect(verdict).toEqual({ early: tenth, late: tenth, ratio: 1, failures: [] });
  });

  test.each([
    [102.9, 0],
    [103.1, 1],
    [97.1, 0],
    [96.9, 1],
  ])('a last tenth of %d%% of the second has %d failures', (last, failures) => {
    const verdict = judgeMemory(
      resident((step) => (step < 90 ? 100 : last)),
      constant,
    );
    expect(verdict.ratio).toBeCloseTo(last / 100);
    expect(verdict.failures).toHaveLength(failures);
  });

  test('a slow leak is found', () => {
    expect(
      judgeMemory(
        resident((step) => 1000 + step),
        constant,
      ).failures,
    ).toHaveLength(1);
  });

  test('a single outlier is not a leak', () => {
    expect(
      judgeMemory(
        resident((step) => (step === 95 ? 1000 : 100)),
        constant,
      ).failures,
    ).toEqual([]);
  });

  test('the number of tensors must not change', () => {
    const { failures } = judgeMemory(
      resident(() => 100),
      constant.map((count, step) => (step === 50 ? count + 1 : count)),
    );
    expect(failures).toEqual(['the number of tensors changed between steps: 7, 8']);
  });
});
