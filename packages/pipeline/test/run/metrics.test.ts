import { expect, test } from '@jest/globals';

import { MetricsCollector } from '../../src/run/metrics.js';

const start = { type: 'start', epochs: 3, stepsPerEpoch: 4 } as const;

test('a run that goes on from an older checkpoint measures again what came after it', () => {
  const collector = new MetricsCollector();
  collector.add({ ...start, epoch: 0, step: 0 });
  expect(
    collector.add({ type: 'expectation', epoch: 1, step: 0, figures: { objective: 5 }, seconds: 1 }),
  ).toBe(true);
  collector.add({ type: 'evaluation', epoch: 1, figures: { knn: 0.1 }, seconds: 1 });
  collector.add({ type: 'expectation', epoch: 2, step: 0, figures: { objective: 4 }, seconds: 1 });
  collector.add({ type: 'evaluation', epoch: 2, figures: { knn: 0.2 }, seconds: 1 });
  collector.add({ ...start, epoch: 1, step: 2, resumedFrom: 'x' });
  expect(collector.metrics).toEqual({
    evaluations: [{ epoch: 1, figures: { knn: 0.1 } }],
    expectations: [{ epoch: 1, step: 0, figures: { objective: 5 } }],
  });
  collector.add({ type: 'evaluation', epoch: 2, figures: { knn: 0.3 }, seconds: 9 });
  expect(collector.metrics.evaluations).toEqual([
    { epoch: 1, figures: { knn: 0.1 } },
    { epoch: 2, figures: { knn: 0.3 } },
  ]);
});
