import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { isProtoclError } from '@protocl/core/errors';

import { useBackend } from '../src/index.js';
import type { BackendSelection, UseBackendOptions } from '../src/index.js';

// The real torch backend takes no part here: what matters is what is made of its success and failures.
const registerTorchBackend = jest.fn<(options: UseBackendOptions) => void>();
jest.unstable_mockModule('@protocl/tfjs-backend-torch', () => ({ registerTorchBackend }));
const importTfjsNodeGpu = jest.fn<() => object>();
jest.unstable_mockModule('@tensorflow/tfjs-node-gpu', () => importTfjsNodeGpu(), { virtual: true });

const cpuFactory = tf.findBackendFactory('cpu') as () => tf.KernelBackend;

/** Registers a backend that is the cpu backend under another name, with what `changes` adds to it. */
function registerLikeCpu(name: string, changes: object = {}): void {
  if (tf.findBackendFactory(name) !== null) tf.removeBackend(name);
  if (tf.getKernelsForBackend(name).length === 0) tf.copyRegisteredKernels('cpu', name);
  tf.registerBackend(name, () => Object.assign(cpuFactory(), changes), 0);
}

const torchIsBroken = (message: string) =>
  registerTorchBackend.mockImplementation(() => {
    if (tf.findBackendFactory('torch') !== null) tf.removeBackend('torch');
    tf.registerBackend('torch', () => Promise.reject(new Error(message)), 0);
  });
const torchWorks = () =>
  registerTorchBackend.mockImplementation(({ device = 'cpu' }) => registerLikeCpu('torch', { device }));

let lines: string[];
const log = (line: string) => void lines.push(line);
const failure = (call: Promise<BackendSelection>) =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

beforeEach(() => {
  lines = [];
  torchIsBroken('libtorch is only half there [LIBTORCH_BROKEN].');
  importTfjsNodeGpu.mockImplementation(() => {
    throw new Error('its binding was built for another Node');
  });
});
afterEach(() => {
  registerTorchBackend.mockReset();
  importTfjsNodeGpu.mockReset();
});

describe('a backend asked for by name', () => {
  test.each(['cpu', 'wasm'] as const)('%s starts, computes and is told', async (name) => {
    const selection = await useBackend(name, { log });
    expect(selection).toEqual({
      name,
      tfjsName: name,
      device: 'cpu',
      reason: 'asked for by name',
      rejected: [],
    });
    expect(tf.getBackend()).toBe(name);
    expect(lines).toEqual([`backend ${name} on cpu: asked for by name`]);
    const doubled = tf.tidy(() => tf.mul([1, 2], 2));
    expect([...doubled.dataSync()]).toEqual([2, 4]);
    doubled.dispose();
  });

  test('a missing package is named, with the way to get it, and the active backend stays', async () => {
    await useBackend('cpu', { log });
    const error = await failure(useBackend('tfjs-node', { log }));
    expect(error).toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      remedy: 'Install it with: npm install @tensorflow/tfjs-node',
    });
    expect((error as Error).message).toBe(
      'The backend tfjs-node cannot run here: The package @tensorflow/tfjs-node is not installed. ' +
        'Install it with: npm install @tensorflow/tfjs-node.',
    );
    expect(tf.getBackend()).toBe('cpu');
  });

  test('a failing start says why, keeps its cause, prints nothing and keeps the active backend', async () => {
    await useBackend('cpu', { log });
    const warn = jest.spyOn(console, 'warn');
    const error = await failure(useBackend('torch', { log }));
    expect(error).toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      cause: { message: expect.stringContaining('half there') },
    });
    expect((error as Error).message).toContain('libtorch is only half there');
    expect(tf.getBackend()).toBe('cpu');
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  test('a package that is there but broken is told from one that is missing', async () => {
    const error = await failure(useBackend('tfjs-node-gpu', { log }));
    expect((error as Error).message).toContain(
      'could not be loaded (its binding was built for another Node)',
    );
  });

  test('webgpu without WebGPU says so', async () => {
    const error = await failure(useBackend('webgpu', { log }));
    expect((error as Error).message).toContain('navigator.gpu is missing');
  });
});

describe('auto', () => {
  test('goes on to the best that works and says why the better ones do not', async () => {
    const selection = await useBackend('auto', { log });
    expect(selection).toMatchObject({ name: 'wasm', tfjsName: 'wasm', device: 'cpu' });
    expect(selection.rejected.map(({ name }) => name)).toEqual([
      'torch',
      'tfjs-node-gpu',
      'tfjs-node',
      'webgpu',
    ]);
    const why = Object.fromEntries(selection.rejected.map((rejected) => [rejected.name, rejected.why]));
    expect(why['torch']).toBe('libtorch is only half there [LIBTORCH_BROKEN].');
    expect(why['tfjs-node']).toContain('npm install @tensorflow/tfjs-node');
    expect(why['webgpu']).toContain('navigator.gpu');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^backend wasm on cpu: the best that works here; better but not available: torch \(libtorch is only/,
    );
    expect(tf.getBackend()).toBe('wasm');
  });

  test('takes torch where that works', async () => {
    torchWorks();
    const settings = {
      device: 'cuda:1',
      threads: 2,
      memoryLimit: 1e9,
      float32Precision: 'high',
      cudnnBenchmark: true,
    } as const;
    const selection = await useBackend('auto', { log, ...settings });
    expect(selection).toMatchObject({
      name: 'torch',
      device: 'cuda:1',
      reason: 'the best there is',
      rejected: [],
    });
    expect(registerTorchBackend).toHaveBeenCalledWith({ ...settings, log });
    expect(tf.getBackend()).toBe('torch');
    tf.removeBackend('torch');
  });

  test('is the default, and prints one line', async () => {
    const print = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const { name } = await useBackend();
    expect(name).toBe('wasm');
    expect(print).toHaveBeenCalledTimes(1);
    expect(print.mock.calls[0]?.[0]).toMatch(/^\[protocl\] backend wasm on cpu: /);
    print.mockRestore();
  });

  test('does not take a backend that computes wrongly', async () => {
    torchWorks();
    registerLikeCpu('torch');
    tf.unregisterKernel('BatchMatMul', 'torch');
    const zerosOf = ({ inputs }: { inputs: object }) => tf.zerosLike((inputs as { a: tf.Tensor }).a);
    tf.registerKernel({ kernelName: 'BatchMatMul', backendName: 'torch', kernelFunc: zerosOf });
    const before = tf.memory().numTensors;
    const { name, rejected } = await useBackend('auto', { log });
    expect(name).toBe('wasm');
    expect(rejected[0]?.why).toContain('multiplied two small matrices wrongly');
    expect(tf.memory().numTensors).toBe(before);
    tf.unregisterKernel('BatchMatMul', 'torch');
    tf.registerKernel({ ...tf.getKernel('BatchMatMul', 'cpu'), backendName: 'torch' });
    tf.removeBackend('torch');
  });

  test('does not take tfjs-node-gpu where that has no GPU, and leaves no trace of it', async () => {
    importTfjsNodeGpu.mockImplementation(() => {
      registerLikeCpu('tensorflow', { isUsingGpuDevice: false });
      return {};
    });
    const { name, rejected } = await useBackend('auto', { log });
    expect(name).toBe('wasm');
    expect(rejected[1]).toMatchObject({
      name: 'tfjs-node-gpu',
      why: expect.stringContaining('found no GPU'),
    });
    expect(tf.findBackendFactory('tensorflow')).toBeNull();
    expect(tf.getKernelsForBackend('tensorflow')).toEqual([]);
  });
});

describe('settings of torch', () => {
  beforeEach(() => void torchWorks());
  afterEach(() => tf.removeBackend('torch'));

  test('a running torch is used again, and started anew with other settings while nothing lives on it', async () => {
    await useBackend('torch', { log, threads: 1 });
    await useBackend('torch', { log });
    await useBackend('torch', { log, threads: 1 });
    expect(registerTorchBackend).toHaveBeenCalledTimes(1);
    const { device } = await useBackend('torch', { log, threads: 2, device: 'mps' });
    expect(registerTorchBackend).toHaveBeenCalledTimes(2);
    expect(device).toBe('mps');
    await useBackend('torch', { log, float32Precision: 'high' });
    await useBackend('torch', { log, float32Precision: 'high', cudnnBenchmark: false });
    expect(registerTorchBackend).toHaveBeenCalledTimes(4);
  });

  test('other settings are refused while tensors live on it, in auto too', async () => {
    await useBackend('torch', { log, threads: 1 });
    const alive = tf.tensor1d([1, 2]);
    for (const name of ['torch', 'auto'] as const) {
      const error = await failure(useBackend(name, { log, threads: 2 }));
      expect(error).toMatchObject({ code: 'BACKEND_IN_USE', given: 'threads: 2', expected: 'threads: 1' });
    }
    expect([...alive.dataSync()]).toEqual([1, 2]);
    expect(tf.getBackend()).toBe('torch');
    alive.dispose();
  });
});

describe('several calls', () => {
  test('run one after the other, and the last one decides', async () => {
    const names = ['cpu', 'wasm', 'cpu', 'wasm', 'wasm', 'cpu'] as const;
    const selections = await Promise.all(names.map((name) => useBackend(name, { log })));
    expect(selections.map(({ name }) => name)).toEqual(names);
    expect(tf.getBackend()).toBe('cpu');
  });

  test('a failing one does not hold up the next', async () => {
    const [error, selection] = await Promise.all([
      failure(useBackend('torch', { log })),
      useBackend('wasm', { log }),
    ]);
    expect(isProtoclError(error, 'BACKEND_UNAVAILABLE')).toBe(true);
    expect(selection.name).toBe('wasm');
  });

  test('tensors follow to the backend that uses them', async () => {
    await useBackend('cpu', { log });
    const before = tf.memory().numTensors;
    const x = tf.tensor1d([1, 2, 3]);
    await useBackend('wasm', { log });
    const sum = tf.add(x, 1);
    await useBackend('cpu', { log });
    const product = tf.mul(sum, x);
    expect([...product.dataSync()]).toEqual([2, 6, 12]);
    tf.dispose([x, sum, product]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('what cannot be meant is refused at once', () => {
  test('an unknown name', async () => {
    const error = await failure(useBackend('tensorflow' as never, { log }));
    expect(error).toMatchObject({ code: 'UNKNOWN_BACKEND', given: 'tensorflow' });
    expect((error as Error).message).toContain(
      'auto, torch, tfjs-node-gpu, tfjs-node, webgpu, webgl, wasm, cpu',
    );
  });

  test.each([
    [{ device: 'gpu' }],
    [{ device: 'cuda:x' }],
    [{ threads: 0 }],
    [{ threads: 1.5 }],
    [{ memoryLimit: -1 }],
    [{ float32Precision: 'medium' }],
    [{ cudnnBenchmark: 'yes' }],
    [{ log: 'yes' }],
  ])('%j', async (options) => {
    const error = await failure(useBackend('cpu', options as unknown as UseBackendOptions));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', given: Object.values<unknown>(options)[0] });
  });
});
