import { beforeAll, expect, test } from '@jest/globals';
import { createEncoder } from '@protocl/encoders';
import { createPcl, pclProblems, pclSchema } from '@protocl/trainer';
import type { PclOptions } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { startFastest } from './engines.js';

beforeAll(startFastest, 600_000);

const source = { size: 64, batchSize: 8 };
const OPTIONS = { granularities: [4, 6], queue: 24, batchNormSplits: 2 };
const newEncoder = () => createEncoder({ architecture: 'resnet8', width: 4, seed: 1 });

const refusals: [string, Partial<PclOptions>, string][] = [
  ['a queue that the batch does not divide', { queue: 20 }, 'queue'],
  ['more clusters than images', { granularities: [4, 65] }, 'granularities.1'],
  ['more negatives than clusters', { granularities: [20], prototypeNegatives: 13 }, 'prototypeNegatives'],
  ['splits that do not divide the batch', { batchNormSplits: 3 }, 'batchNormSplits'],
  ['splits of one image', { batchNormSplits: 8 }, 'batchNormSplits'],
];
test.each(refusals)('refuses %s, before anything is made', (_, given, path) => {
  const options = { ...OPTIONS, ...given };
  const [problem, ...others] = pclProblems(pclSchema.parse(options), source);
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ path });
  const before = tf.memory().numTensors;
  const encoder = newEncoder();
  const create = () => createPcl({ encoder, source, ...options });
  expect(create).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', expected: problem!.expected }));
  expect(create).toThrow(path);
  encoder.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('what is suggested works', () => {
  const check = (options: PclOptions, batchSize: number) =>
    pclProblems(pclSchema.parse(options), { size: 64, batchSize });
  const [queue] = check({ granularities: [4], queue: 20, batchNormSplits: 1 }, 8);
  expect(queue!.remedy).toBe('Use 24');
  const [splits] = check({ granularities: [4], queue: 24, batchNormSplits: 8 }, 12);
  expect(splits!.remedy).toBe('Use 6');
  expect(check({ granularities: [4], queue: 24, batchNormSplits: 6 }, 12)).toEqual([]);
});

test('percentiles that fall are refused before anything is made, not by the first E-step', () => {
  const encoder = newEncoder();
  const create = (clip: [number, number]) =>
    createPcl({ encoder, source, ...OPTIONS, expectation: { clip } });
  expect(() => create([90, 10])).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  expect(() => create([90, 10])).toThrow('expectation.clip');
  create([50, 50]).dispose();
  encoder.dispose();
});

test('unknown keys are refused, and the defaults are those of the paper', () => {
  const encoder = newEncoder();
  const create = () => createPcl({ encoder, source, ...OPTIONS, temprature: 0.1 } as never);
  expect(create).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }));
  expect(create).toThrow('given: temprature.');
  const nested = () =>
    createPcl({ encoder, source, ...OPTIONS, expectation: { warmStart: { iteration: 5 } } } as never);
  expect(nested).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION', given: 'iteration' }));
  expect(nested).toThrow(/^createPcl\.expectation\.warmStart has .*Did you mean iterations\?$/);
  encoder.dispose();
  expect(pclSchema.parse({ granularities: [25_000] })).toMatchObject({
    temperature: 0.2,
    queue: 16384,
    momentum: 0.999,
    warmupEpochs: 20,
    batchNormSplits: 8,
    expectation: { iterations: 20, redo: 5, alpha: 10 },
  });
});
