import { PassThrough } from 'node:stream';

import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import type { DemoOptions } from '../options.js';
import { runDemo } from '../runDemo.js';
import { learningRateAt } from '../train.js';
import { syntheticDataset } from './syntheticDataset.js';

const options: DemoOptions = { seconds: 2, backend: 'wasm', seed: 1, batchSize: 16 };

async function output(
  given: Partial<DemoOptions>,
  stop = new AbortController(),
  onLine: (line: string) => void = () => undefined,
): Promise<string> {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    onLine(chunk.toString());
  });
  await runDemo(
    { ...options, ...given },
    {
      output: stream,
      signal: stop.signal,
      load: async ({ split }) => (split === 'train' ? syntheticDataset(64, 1) : syntheticDataset(20, 2)),
    },
  );
  return text;
}

describe('runDemo', () => {
  test('trains, shows its progress, tests and sums up', async () => {
    const text = await output({});
    expect(text).toMatch(/backend wasm on cpu/);
    expect(text).toMatch(/\d\/2 s \| epoch \d+\.\d\d \| \d+ images\/s \| loss \d+\.\d+/);
    expect(text).toMatch(/^ {2}images\/s +\d+$/m);
    expect(text).toMatch(/^ {2}minutes +0\.\d\d \(\d+\.\d\d epochs\)$/m);
    expect(text).toMatch(/^ {2}test accuracy +\d+\.\d% of 20 images$/m);
    expect(text).toMatch(/^ {2}peak memory +\d+ MiB$/m);
    expect(text).toMatch(/^ {2}backend +wasm on cpu$/m);
    expect(text).toMatch(/^ {2}seed +1$/m);
    expect(tf.memory().numTensors).toBe(0);
  });

  test('ends with the results so far when it is stopped during the training', async () => {
    const stop = new AbortController();
    const text = await output({ seconds: 3600 }, stop, (line) => {
      if (line.includes('images/s |')) stop.abort(new Error('stopped'));
    });
    expect(text).toMatch(/the results so far/);
    expect(text).toMatch(/^ {2}test accuracy +\d+\.\d% of 20 images$/m);
    expect(tf.memory().numTensors).toBe(0);
  });

  test('fails with the reason when it is stopped before', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(output({}, stop)).rejects.toThrow('stopped');
  });
});

test('the learning rate rises to its peak and falls to zero', () => {
  const peak = learningRateAt(0.1, 128);
  expect(peak).toBeCloseTo(0.3);
  expect(learningRateAt(0, 128)).toBe(0);
  expect(learningRateAt(0.05, 128)).toBeCloseTo(peak / 2);
  expect(learningRateAt(0.1, 256)).toBeCloseTo(2 * peak);
  expect(learningRateAt(0.55, 128)).toBeCloseTo(peak / 2);
  expect(learningRateAt(1, 128)).toBeCloseTo(0);
  expect(learningRateAt(1.2, 128)).toBeCloseTo(0);
});
