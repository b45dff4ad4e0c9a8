import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';

import { candidates } from '../src/engines/candidates.js';
import { useBackend, type BackendName } from '../src/index.js';

// A page finds no package by its name.
const importPackage = jest.fn<() => never>(() => {
  throw new TypeError('Failed to resolve module specifier');
});
for (const name of ['cpu', 'wasm', 'webgl', 'webgpu']) {
  jest.unstable_mockModule(`@tensorflow/tfjs-backend-${name}`, importPackage, { virtual: true });
}

const cpuFactory = tf.findBackendFactory('cpu') as () => tf.KernelBackend;
const unused = () => Promise.reject(new Error('it is not to be started'));
// A flag of the webgl backend's package.
tf.env().registerFlag('WEBGL_RENDER_FLOAT32_ENABLED', () => true);
let lines: string[];
const log = (line: string) => void lines.push(line);

const failure = (call: Promise<unknown>) =>
  call.then(
    () => new Error('there was none'),
    (error: unknown) => error as Error,
  );

/** Registers the cpu backend under another name. */
function registerLikeCpu(name: string, priority: number): void {
  if (tf.getKernelsForBackend(name).length === 0) tf.copyRegisteredKernels('cpu', name);
  tf.registerBackend(name, cpuFactory, priority);
}

const OTHERS = ['wasm', 'webgl', 'house-made', 'home-made'];

beforeEach(() => {
  lines = [];
  // What TensorFlow.js finds on a page.
  tf.env().set('IS_NODE', false);
  if (tf.findBackendFactory('cpu') === null) tf.registerBackend('cpu', cpuFactory, 1);
  importPackage.mockClear();
});
afterEach(() => {
  for (const name of OTHERS) if (tf.findBackendFactory(name) !== null) tf.removeBackend(name);
  tf.env().set('IS_NODE', true);
  tf.env().set('WEBGL_RENDER_FLOAT32_ENABLED', true);
});

describe('auto on a page', () => {
  test('takes the only backend that is registered, and imports no other', async () => {
    expect(await useBackend('auto', { log })).toEqual({
      name: 'cpu',
      tfjsName: 'cpu',
      device: 'cpu',
      reason: 'the best of those that are registered',
      rejected: [],
    });
    expect(lines).toEqual(['backend cpu on cpu: the best of those that are registered']);
    expect(importPackage).not.toHaveBeenCalled();
  });

  test('takes webgl before wasm and cpu', async () => {
    tf.registerBackend('wasm', unused, 2);
    registerLikeCpu('webgl', 2);
    expect(await useBackend('auto', { log })).toMatchObject({ name: 'webgl', device: 'gpu', rejected: [] });
    expect(tf.getBackend()).toBe('webgl');
  });

  test('takes what is registered under any name, by priority, before the slow ones', async () => {
    registerLikeCpu('house-made', 3);
    registerLikeCpu('home-made', 4);
    tf.registerBackend('wasm', unused, 2);
    const found = await useBackend('auto', { log });
    expect(found).toMatchObject({ name: 'other', tfjsName: 'home-made', device: 'unknown', rejected: [] });
    expect(lines[0]).toMatch(/^backend home-made on unknown: /);
    expect(tf.getBackend()).toBe('home-made');
  });

  test('goes on where the best of them does not work', async () => {
    tf.env().set('WEBGL_RENDER_FLOAT32_ENABLED', false);
    registerLikeCpu('webgl', 2);
    const { name, rejected } = await useBackend('auto', { log });
    expect(name).toBe('cpu');
    expect(rejected.map(({ why }) => why)).toEqual([expect.stringContaining('16 bits')]);
  });

  test('where there is none, says how a page gets one, and nothing of npm', async () => {
    tf.removeBackend('cpu');
    const error = await failure(useBackend('auto', { log }));
    expect(error).toMatchObject({ code: 'NO_BACKEND' });
    expect(error.message).toContain(
      "Import one with the page before calling useBackend, such as: import '@tens",
    );
    expect(error.message).not.toMatch(/npm|torch/);
  });
});

describe('a backend asked for by name on a page', () => {
  test.each<[BackendName, string]>([
    ['torch', '@protocl/tfjs-backend-torch runs in Node only'],
    ['tfjs-node', '@tensorflow/tfjs-node runs in Node only'],
    ['tfjs-node-gpu', '@tensorflow/tfjs-node-gpu runs in Node only'],
    ['webgl', 'There is no WebGL here'],
    ['webgpu', 'There is no WebGPU here'],
    ['wasm', "import '@tensorflow/tfjs-backend-wasm'"],
  ])('%s says why it cannot be, and nothing of npm', async (name, message) => {
    const error = await failure(useBackend(name, { log }));
    expect(error).toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('npm');
  });

  test('wasm that cannot fetch its binaries says how to serve them', async () => {
    // So it throws, and it is no error.
    const unserved = { message: 'Make sure the server can serve the `.wasm` file' };
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    tf.registerBackend('wasm', () => Promise.reject(unserved), 2);
    const error = await failure(useBackend('wasm', { log, threads: 2 }));
    expect(error.message).toContain('Make sure the server can serve');
    expect(error.message).toContain('setWasmPaths');
    expect(lines.join()).toContain('setThreadsCount');
  });

  test('webgl that is registered runs', async () => {
    registerLikeCpu('webgl', 2);
    expect(await useBackend('webgl', { log })).toMatchObject({ name: 'webgl', device: 'gpu' });
  });
});

test('in Node the fastest comes first, imported or not; WebGL is missed there by nobody', () => {
  tf.env().set('IS_NODE', true);
  tf.registerBackend('home-made', unused, 9);
  const tried = candidates().map(({ tfjsName }) => tfjsName);
  expect(tried).toEqual(['torch', 'tensorflow', 'tensorflow', 'webgpu', 'home-made', 'wasm', 'cpu']);
});
