import { describe, expect, test } from '@jest/globals';

import { type Activity, deviceTimes, operatorTimes } from '../src/measuring/kernelTimes.js';

const OPERATOR = 0;

/** Calls within calls at random, in nanoseconds; in the order in which they end, as some profilers tell them. */
function nestedCalls(depth: number, start: number, end: number, next: () => number): Activity[] {
  const calls: Activity[] = [];
  for (let at = start; at < end && depth > 0;) {
    const from = at + Math.floor(next() * 4);
    const to = Math.min(end, from + Math.floor(next() * (end - start)));
    calls.push(...nestedCalls(depth - 1, from + 1, to - 1, next));
    if (to > from) calls.push(call(`depth ${depth}, kind ${Math.floor(next() * 2)}`, from, to));
    at = to + 1;
  }
  return calls;
}

function call(name: string, from: number, to: number, thread = 1): Activity {
  return { name, kind: OPERATOR, thread, start: from, duration: to - from };
}

/** A generator of numbers from 0 to 1 (Lehmer's). */
function generator(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** Gives each nanosecond to the shortest call that runs then, which is the innermost. */
function naiveTimes(calls: readonly Activity[]): Map<string, number> {
  const times = new Map<string, number>();
  const end = Math.max(...calls.map(({ start, duration }) => start + duration));
  for (const { name } of calls) times.set(name, 0);
  for (let at = 0; at < end; at++) {
    const running = calls.filter(({ start, duration }) => start <= at && at < start + duration);
    const innermost = running.sort((a, b) => a.duration - b.duration)[0];
    if (innermost !== undefined) times.set(innermost.name, (times.get(innermost.name) ?? 0) + 1);
  }
  return times;
}

describe('the times of operators', () => {
  test.each([1, 2, 3, 4, 5])('are those of the innermost at every moment (%d)', (seed) => {
    const calls = nestedCalls(4, 0, 600, generator(seed));
    expect(calls.length).toBeGreaterThan(10);
    const times = operatorTimes(calls);
    const naive = naiveTimes(calls);
    expect(times).toHaveLength(naive.size);
    for (const { name, kind, calls: count, seconds } of times) {
      expect(kind).toBe('operator');
      expect(count).toBe(calls.filter((each) => each.name === name).length);
      expect(seconds * 1e9).toBeCloseTo(naive.get(name) as number, 6);
    }
    const sorted = times.map(({ seconds }) => seconds).sort((a, b) => b - a);
    expect(times.map(({ seconds }) => seconds)).toEqual(sorted);
  });

  test('of other threads are no part of a call at the same time', () => {
    const times = operatorTimes([call('outer', 0, 100, 1), call('elsewhere', 10, 40, 2)]);
    expect(times.map(({ name, seconds }) => [name, Math.round(seconds * 1e9)])).toEqual([
      ['outer', 100],
      ['elsewhere', 30],
    ]);
  });
});

test('the times of a device are those of kernels, copies and fills, and of nothing else', () => {
  const activity = (kind: number, name: string, duration: number): Activity => ({
    name,
    kind,
    thread: 0,
    start: 0,
    duration,
  });
  const times = deviceTimes([
    activity(OPERATOR, 'aten::mm', 900),
    activity(7, 'cudaLaunchKernel', 800),
    activity(2, 'an annotation', 700),
    activity(5, 'sgemm', 30),
    activity(3, 'Memcpy DtoH (Device -> Pageable)', 40),
    activity(5, 'sgemm', 20),
    activity(4, 'Memset (Device)', 1),
  ]);
  expect(times.map(({ seconds, ...rest }) => ({ ...rest, nanoseconds: Math.round(seconds * 1e9) }))).toEqual([
    { name: 'sgemm', kind: 'kernel', calls: 2, nanoseconds: 50 },
    { name: 'Memcpy DtoH (Device -> Pageable)', kind: 'copy', calls: 1, nanoseconds: 40 },
    { name: 'Memset (Device)', kind: 'copy', calls: 1, nanoseconds: 1 },
  ]);
});
