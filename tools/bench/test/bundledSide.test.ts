import { join } from 'node:path';

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

import { bundledSide } from '../harness/bundledSide.js';
import { numberIn, Side } from '../harness/side.js';

jest.setTimeout(60_000);

let side: Side;
beforeEach(async () => {
  side = new Side(await bundledSide('worker', join(import.meta.dirname, 'worker.ts')));
});
afterEach(() => side.stop());

test('a TypeScript worker runs as a side, and knows the folder of its source', async () => {
  expect(await side.request({ cmd: 'prepare', milliseconds: 1 })).toEqual({
    versions: { worker: '1.0', folder: import.meta.dirname },
  });
});

test('the clock runs around the work, and the task adds its figures', async () => {
  await side.request({ cmd: 'prepare', milliseconds: 20 });
  const reply = await side.request({ cmd: 'run', iterations: 3 });
  expect(reply).toMatchObject({ waited: 60 });
  expect(numberIn(reply, 'seconds')).toBeGreaterThan(0.055);
  expect(numberIn(reply, 'seconds')).toBeLessThan(10);
});

test('the peak memory is that of the process', async () => {
  const peak = numberIn(await side.request({ cmd: 'memory' }), 'peakBytes');
  expect(peak).toBeGreaterThan(20 * 2 ** 20);
  expect(peak).toBeLessThan(500 * 2 ** 20);
});

test('an error of the worker is passed on, and the worker goes on', async () => {
  await expect(side.request({ cmd: 'prepare' })).rejects.toMatchObject({
    code: 'BENCH_SIDE_FAILED',
    message: expect.stringContaining('milliseconds have to be a number'),
  });
  await expect(side.request({ cmd: 'run', iterations: 1 })).rejects.toThrow('unexpected request');
  await expect(side.request({ cmd: 'memory' })).resolves.toHaveProperty('peakBytes');
});

test('a side that does not answer in time is ended', async () => {
  await side.request({ cmd: 'prepare', milliseconds: 60_000 });
  const waiting = side.request({ cmd: 'run', iterations: 1 }, { timeoutSeconds: 0.2 });
  await expect(waiting).rejects.toMatchObject({ code: 'BENCH_SIDE_SILENT' });
  await expect(side.request({ cmd: 'memory' })).rejects.toMatchObject({ code: 'BENCH_SIDE_CRASHED' });
});
