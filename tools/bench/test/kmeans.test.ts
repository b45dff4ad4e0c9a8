import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from '@jest/globals';
import { encodeSafetensors } from '@protocl/encoders';

import { kmeansCases, kmeansTasks } from '../kmeans/cases.js';
import { lloydCases } from '../kmeans/deviceCases.js';
import { drawPoints, readPoints, writePoints } from '../kmeans/writePoints.js';
import { parseOptions } from '../options.js';

const execute = promisify(execFile);
const main = join(import.meta.dirname, '../main.ts');
const small = ['--tiny', '--backend', 'cpu', '--no-peer', '--samples', '2', '--threads', '2'];

function bench(...args: string[]) {
  return execute(process.execPath, ['--conditions=@protocl/source', '--import', 'tsx', main, ...args]);
}

test('the k-means benchmark runs without a peer', async () => {
  const { stdout, stderr } = await bench('kmeans', ...small);
  const names = stdout.split('\n').map((line) => line.split(' ')[0]);
  expect(names).toEqual(['case', 'kmeans/200x8/k-5/threads-2', 'kmeans/200x8/k-10/threads-2', '']);
  expect(stderr).toMatch(/k-10\/objective: ours \d+\.\d+, no peer/);
}, 120_000);

test('steps of k-means run on a processor too, to try them out', async () => {
  const { stdout } = await bench('kmeans', ...small, '--device-cases', '--sample-seconds', '0.01');
  const names = stdout.split('\n').map((line) => line.split(' ')[0]);
  const steps = [5, 40].map((k) => `lloyd/400x8/k-${k}/float32/cpu`);
  expect(names).toEqual(['case', ...steps, '']);
}, 120_000);

test('steps are measured at the sizes of ImageNet, and compared with their products', () => {
  const cases = lloydCases(parseOptions(['kmeans', '--device', 'cuda']));
  expect(cases.map(({ name }) => name)).toEqual(
    [1000, 25_000, 100_000].map((k) => `lloyd/1280000x128/k-${k}/float32/cuda`),
  );
  for (const { ours, peers } of cases) {
    expect(ours['float32Precision']).toBe('highest');
    expect(peers.map(({ task, aside }) => [task['way'], task['precision'], aside])).toEqual([
      ['products', 'float32', false],
      ['products', 'tf32', true],
      ['step', 'float32', true],
      ['step', 'tf32', true],
    ]);
  }
});

test('the full sizes are those that are promised', () => {
  const options = parseOptions(['kmeans', '--threads', '1']);
  expect(kmeansTasks(options)).toEqual(
    [250, 500, 1000].map((k) => ({ n: 50_000, dimension: 128, k, iterations: 20, redo: 5 })),
  );
  expect(kmeansCases('points', options).map(({ limit }) => limit)).toEqual([0.8, 0.8, 0.5]);
});

test('faiss is tried with the kernels of the processor, and with fewer threads', () => {
  const options = parseOptions(['kmeans', '--threads', '1,2']);
  const [one, , , two] = kmeansCases('points', options, { cores: ['SkylakeX', 'Haswell'] });
  const kernels = ['SkylakeX kernels', 'Haswell kernels', 'kernels as found'];
  expect(one!.peers.map(({ variant }) => variant)).toEqual([...kernels, 'blocks of 1024, SkylakeX kernels']);
  expect(two!.peers.map(({ variant, task, environment }) => [variant, task['threads'], environment])).toEqual(
    [
      ['SkylakeX kernels', undefined, { OPENBLAS_CORETYPE: 'SkylakeX' }],
      ['Haswell kernels', undefined, { OPENBLAS_CORETYPE: 'Haswell' }],
      ['kernels as found', undefined, undefined],
      ['blocks of 1024, SkylakeX kernels', undefined, { OPENBLAS_CORETYPE: 'SkylakeX' }],
      ['1 thread, SkylakeX kernels', 1, { OPENBLAS_CORETYPE: 'SkylakeX' }],
    ],
  );
  expect(kmeansCases('points', options)[0]!.peers.map(({ variant }) => variant)).toEqual([
    '',
    'blocks of 1024',
  ]);
});

test('points have length 1', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'protocl-bench-'));
  try {
    await writePoints(join(folder, 'points.bin'), drawPoints(50, 16));
    const values = new Float32Array(new Uint8Array(await readFile(join(folder, 'points.bin'))).buffer);
    expect(values).toHaveLength(800);
    for (let row = 0; row < 50; row++) {
      const point = values.subarray(16 * row, 16 * row + 16);
      expect(Math.hypot(...point)).toBeCloseTo(1, 5);
    }
    expect(new Set(values).size).toBeGreaterThan(790);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('features of a file are clustered in place of drawn ones, scaled to length 1', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'protocl-bench-'));
  const file = join(folder, 'features.safetensors');
  const tensor = (name: string, values: number[], shape: number[]) =>
    writeFile(
      file,
      encodeSafetensors({ [name]: { data: Float32Array.from(values), shape, dtype: 'float32' } }),
    );
  try {
    await tensor('features', [3, 4, 0, 0, 0, 0, 5, 12, 0], [3, 3]);
    const { values, n, dimension } = await readPoints(file);
    expect([n, dimension]).toEqual([3, 3]);
    const expected = [0.6, 0.8, 0, 0, 0, 0, 5 / 13, 12 / 13, 0];
    values.forEach((value, at) => expect(value).toBeCloseTo(expected[at]!, 6));
    const options = parseOptions(['kmeans', '--points', file, '--threads', '1']);
    expect(kmeansCases(file, options, { sizes: { n, dimension } })[0]!.name).toBe(
      'kmeans/3x3/k-250/threads-1',
    );
    await tensor('others', [1], [1, 1]);
    await expect(readPoints(file)).rejects.toMatchObject({ code: 'BENCH_USAGE' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
