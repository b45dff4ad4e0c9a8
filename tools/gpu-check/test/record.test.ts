import { expect, test } from '@jest/globals';

import { relativeError } from '../check/agreement/agreement.js';
import { markdownOf } from '../check/markdown.js';
import { withStep, type CheckRecord, type StepRecord } from '../check/record.js';
import { steps } from '../check/steps.js';

const step = (name: string, others: Partial<StepRecord> = {}): StepRecord => ({
  name,
  what: `what ${name} does`,
  status: 'passed',
  seconds: 12.3,
  figures: [],
  commit: 'abc',
  ...others,
});

const record: CheckRecord = {
  machine: {
    name: 'NVIDIA H100',
    device: 'cuda',
    deviceMemoryMiB: 81559,
    driver: '580.1',
    cuda: '13.0',
    cudnn: 91000,
    torch: '2.11.0+cu130',
    python: '3.12.3',
    node: '22.0.0',
    cpu: 'a processor',
    cores: 16,
    memoryGiB: 128,
    os: 'Linux',
  },
  calls: [{ date: '2026-01-02T03:04:05.000Z', minutes: 7, readySeconds: 5 }],
  images: 'stand-in',
  tiny: false,
  steps: [
    step('build', { figures: [{ kind: 'value', name: 'time', unit: 's', value: 41.234 }] }),
    step('agreement', { status: 'failed', message: 'PROBLEM: a|b\nmore' }),
    step('profile', {
      figures: [
        {
          kind: 'profile',
          name: 'ours',
          profile: {
            kernels: [{ name: 'gemm', calls: 2, milliseconds: 1.5 }],
            others: { kinds: 7, calls: 9, milliseconds: 0.25 },
            copies: [{ name: 'Memcpy DtoH', calls: 1, milliseconds: 0.01 }],
          },
        },
      ],
    }),
  ],
};

test('the table names the machine, how each step ended and its figures', () => {
  const markdown = markdownOf(record);
  expect(markdown).toContain('NVIDIA H100, 80 GiB, driver 580.1, CUDA 13.0, PyTorch 2.11.0+cu130');
  expect(markdown).toContain('2026-01-02');
  expect(markdown).toContain('| build | passed | 12 | what build does |');
  expect(markdown).toContain('| agreement | failed | 12 | PROBLEM: a\\|b |');
  expect(markdown).toContain('| time | 41.23 | s |');
  expect(markdown).toContain('| `gemm` | 2 | 1.500 |');
  expect(markdown).toContain('| 7 more | 9 | 0.2500 |');
  expect(markdown).toContain('| Memcpy DtoH | 1 | 0.01000 |');
});

test('figures of stand-ins and of small sizes cannot be mistaken for results', () => {
  expect(markdownOf(record)).toContain('stand-in for CIFAR-10');
  expect(markdownOf({ ...record, tiny: true })).toContain('Small sizes');
  expect(markdownOf({ ...record, images: 'cifar10' })).not.toContain('stand-in');
});

test('a step that ran again takes the place of its earlier record', () => {
  const all = withStep([step('a', { status: 'failed' }), step('b')], step('a'));
  expect(all.map(({ name, status }) => [name, status])).toEqual([
    ['b', 'passed'],
    ['a', 'passed'],
  ]);
});

test('relative errors are of the norm, and NaN never agrees', () => {
  expect(relativeError(Float32Array.of(3, 4.5), Float32Array.of(3, 4))).toBeCloseTo(0.1);
  expect(relativeError(Float32Array.of(NaN), Float32Array.of(1)) <= 1).toBe(false);
  expect(relativeError(Float32Array.of(1), Float32Array.of(1, 2)) <= 1).toBe(false);
});

test('every step has a name of its own and time to run in', () => {
  expect(new Set(steps.map(({ name }) => name)).size).toBe(steps.length);
  for (const { leastSeconds, mostSeconds } of steps) expect(leastSeconds).toBeLessThanOrEqual(mostSeconds);
});
