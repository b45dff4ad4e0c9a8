import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, test } from '@jest/globals';

import { deviceEngineCases } from '../engine/deviceCases.js';
import { parseOptions } from '../options.js';

const execute = promisify(execFile);

const casesFor = (...args: string[]) =>
  deviceEngineCases(parseOptions(['engine', '--device', 'cuda', ...args]));

const networks = ['resnet18/batch-64', 'resnet18/batch-256', 'resnet18/batch-512', 'resnet50/batch-64'];

describe('on a graphics processor', () => {
  test('networks, products, optimizers and dispatch are measured, training with TF32 first', () => {
    const names = casesFor('--variants', 'eager').map(({ name }) => name.replace(/\/cuda$/, ''));
    expect(names.slice(0, 4)).toEqual(networks.map((network) => `${network}/train/tf32`));
    const shapes = [1024, 4096, 8192].map((size) => `matmul/${size}x${size}x${size}`);
    const each = (precision: string) => [
      ...networks.flatMap((network) => [`${network}/train/${precision}`, `${network}/forward/${precision}`]),
      ...shapes.map((shape) => `${shape}/${precision}`),
    ];
    const others = ['dispatch/add-one-element', 'sgd-step/resnet50', 'ema-step/resnet50'];
    const nearest = 'nearest-centroid/100000x128x1000/float32';
    expect(names.toSorted()).toEqual(
      [...each('tf32'), ...each('float32'), ...others.map((name) => `${name}/tf32`), nearest].toSorted(),
    );
  });

  test('both sides compute with the same precision; half of it is measured, but not compared with', () => {
    for (const { name, ours, peers } of casesFor()) {
      const precision = name.split('/').at(-2);
      expect(ours).toMatchObject({
        device: 'cuda',
        backend: 'torch',
        cudnnBenchmark: true,
        float32Precision: precision === 'tf32' ? 'high' : 'highest',
      });
      expect(peers.length).toBeGreaterThan(0);
      for (const { variant, task, aside, mayFail } of peers) {
        const isHalved = variant.endsWith('bfloat16');
        expect(task).toMatchObject({ device: 'cuda', precision: isHalved ? 'bfloat16' : precision });
        expect(aside ?? false).toBe(isHalved);
        expect(mayFail).toBe(true);
      }
    }
  });

  test('what has to be compiled can be left for later', () => {
    const eager = casesFor('--variants', 'eager').flatMap(({ peers }) => peers);
    expect(eager.filter(({ task }) => task['compile'] !== undefined)).toEqual([]);
    const compiled = casesFor('--variants', 'compiled');
    expect(compiled.map(({ name }) => name).toSorted()).toEqual(
      networks
        .flatMap((network) => ['train', 'forward'].map((which) => `${network}/${which}/compiled/tf32/cuda`))
        .toSorted(),
    );
    for (const { peers } of compiled) {
      for (const { task, compiles } of peers) {
        expect(task['compile']).toMatch(/^(default|reduce-overhead)$/);
        expect(compiles).toBe(true);
      }
    }
    const all = casesFor().flatMap(({ peers }) => peers);
    expect(all).toHaveLength(eager.length + compiled.flatMap(({ peers }) => peers).length);
  });
});

test('the cases run on a processor too, to try them out', async () => {
  const main = join(import.meta.dirname, '../main.ts');
  const args = [
    '--tiny',
    '--device-cases',
    '--backend',
    'cpu',
    '--no-peer',
    '--samples',
    '1',
    '--threads',
    '1',
  ];
  const { stdout } = await execute(process.execPath, [
    ...['--conditions=@protocl/source', '--import', 'tsx', main, 'engine', ...args],
    ...['--sample-seconds', '0.01', '--filter', 'tf32'],
  ]);
  const names = stdout.split('\n').map((line) => line.split(' ')[0]);
  const all = deviceEngineCases(parseOptions(['engine', ...args])).map(({ name }) => name);
  expect(names).toEqual(['case', ...all.filter((name) => name.includes('tf32')), '']);
}, 180_000);
