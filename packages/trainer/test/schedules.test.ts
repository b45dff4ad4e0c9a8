import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';
import { cosine, scheduleOf, scheduleSchema } from '@protocl/trainer';
import type { ScheduleOptions, ScheduleSpan } from '@protocl/trainer';

interface Fixture {
  span: ScheduleSpan;
  schedules: { options: ScheduleOptions; rates: number[] }[];
}

const fixture = JSON.parse(
  readFileSync(new URL('fixtures/optimizers.json', import.meta.url), 'utf8'),
) as Fixture;

test.each(fixture.schedules)('equals PyTorch’s: $options', ({ options, rates }) => {
  const rateAt = scheduleOf(options)(fixture.span);
  for (const [update, rate] of rates.entries()) expect(rateAt(update)).toBeCloseTo(rate, 8);
});

test('a warm-up as long as the run is refused', () => {
  const schedule = cosine({ learningRate: 0.1, warmupEpochs: 8 });
  expect(() => schedule(fixture.span)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
});

test('unknown keys and rates out of range are refused', () => {
  expect(scheduleSchema.safeParse({ kind: 'cosine', learningRate: 0.1, milestones: [1] }).success).toBe(
    false,
  );
  expect(scheduleSchema.safeParse({ kind: 'constant', learningRate: 0 }).success).toBe(false);
});

test('schedules of other options or kinds are typed errors', () => {
  const misspelt = { kind: 'cosine', learningRate: 0.1, minimun: 0 } as ScheduleOptions;
  expect(() => scheduleOf(misspelt)).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }));
  expect(() => scheduleOf(misspelt)).toThrow('Did you mean minimum?');
  const unknown = { kind: 'linear', learningRate: 0.1 } as never;
  expect(() => scheduleOf(unknown)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  expect(() => scheduleOf(unknown)).toThrow('one of constant, step, cosine');
});
