import { expect, test } from '@jest/globals';

import { MetricsCollector } from '../../src/run/metrics.js';

const start = { type: 'start', epochs: 3, stepsPerEpoch: 4 } as const;

/** What a checkpoint holds of a state: JSON. */
function stored(collector: MetricsCollector): ReturnType<MetricsCollector['toState']> {
  return JSON.parse(JSON.stringify(collector.toState())) as ReturnType<MetricsCollector['toState']>;
}

test('a run that goes on from a checkpoint has what was measured up to it, and measures again what came after it', () => {
  const collector = new MetricsCollector();
  collector.add({ ...start, epoch: 0, step: 0 });
  expect(
    collector.add({ type: 'expectation', epoch: 1, step: 0, figures: { objective: 5 }, seconds: 1 }),
  ).toBe(true);
  collector.add({ type: 'evaluation', epoch: 1, figures: { knn: 0.1, linear: Number.NaN }, seconds: 1 });
  const checkpoint = stored(collector);
  collector.add({ type: 'expectation', epoch: 2, step: 0, figures: { objective: 4 }, seconds: 1 });
  collector.add({ type: 'evaluation', epoch: 2, figures: { knn: 0.2 }, seconds: 1 });

  const resumed = new MetricsCollector();
  resumed.fromState(checkpoint);
  expect(resumed.add({ ...start, epoch: 1, step: 2, resumedFrom: 'x' })).toBe(true);
  expect(resumed.metrics).toEqual({
    evaluations: [{ epoch: 1, figures: { knn: 0.1, linear: Number.NaN } }],
    expectations: [{ epoch: 1, step: 0, figures: { objective: 5 } }],
  });
  resumed.add({ type: 'evaluation', epoch: 2, figures: { knn: 0.3 }, seconds: 9 });
  expect(resumed.metrics.evaluations.map(({ figures }) => figures['knn'])).toEqual([0.1, 0.3]);
});

test('what is no metrics is refused', () => {
  const values = { evaluations: [{ epoch: 1, figures: { knn: 'good' } }], expectations: [] };
  expect(() => new MetricsCollector().fromState({ tensors: {}, values })).toThrow(
    expect.objectContaining({ code: 'RUN_FOLDER' }),
  );
});
