import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

import { registerTorchBackend } from '../src/index.js';
import { STARTUP_TIMEOUT_MS, startTorch, torchMemory } from './startTorch.js';
import { trainSmallNetwork } from './workers/trainSmallNetwork.js';

const trainElsewhere = fileURLToPath(new URL('workers/trainElsewhere.mjs', import.meta.url));

beforeAll(async () => startTorch(), STARTUP_TIMEOUT_MS);

describe('starting anew', () => {
  test('three hundred times leaves nothing behind', async () => {
    const liveBytes: number[] = [];
    for (let start = 0; start < 300; start++) {
      await startTorch();
      liveBytes.push(torchMemory().liveBytes);
      const small = tf.tensor2d([start, 1, 2, 3], [2, 2]);
      tf.dispose(tf.variable(small));
      tf.fill([300, 300], start);
      expect(Array.from(tf.add(small, 1).dataSync())).toEqual([start + 1, 2, 3, 4]);
    }
    await startTorch();
    expect(new Set(liveBytes.slice(1))).toEqual(new Set([torchMemory().liveBytes]));
  }, 60_000);

  test('makes reading a tensor of before an error, not another tensor', async () => {
    const old = tf.tensor1d([1, 2, 3]);
    await startTorch();
    const others = Array.from({ length: 100 }, (_, index) => tf.fill([3], index));
    const error: unknown = await old.data().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', remedy: expect.stringContaining('before that') });
    expect(() => tf.add(old, 1)).toThrow(/INVALID_ARGUMENT/);
    old.dispose();
    tf.dispose(others);
  });

  test('takes the options of the last registration', async () => {
    const { limitBytes } = torchMemory();
    registerTorchBackend({ memoryLimit: 2 ** 30, threads: 1 });
    registerTorchBackend({ memoryLimit: 2 ** 31, threads: 2 });
    await tf.setBackend('torch');
    expect(torchMemory().limitBytes).toBe(2 ** 31);
    await startTorch();
    expect(torchMemory().limitBytes).toBe(limitBytes);
  });

  test('tells each step of the set-up', async () => {
    const lines: string[] = [];
    await startTorch({ log: (line) => lines.push(line) });
    expect(lines).toContainEqual(expect.stringMatching(/libtorch/));
  });
});

describe('beside another backend', () => {
  test('data moves to where it is needed and back', async () => {
    const before = tf.memory().numTensors;
    const floats = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const whole = tf.tensor1d([7, -8], 'int32');
    const flags = tf.tensor1d([true, false]);
    const words = tf.tensor1d(['älter', 'neu']);
    const transposed = tf.transpose(floats);
    await tf.setBackend('cpu');
    const sums = tf.tidy(() => tf.add(floats, tf.transpose(transposed)));
    const negated = tf.neg(whole);
    const inverted = tf.logicalNot(flags);
    const same = tf.reshape(words, [2, 1]);
    await tf.setBackend('torch');
    const product = tf.matMul(sums, floats);
    expect(Array.from(product.dataSync())).toEqual([14, 20, 30, 44]);
    expect(Array.from(tf.tidy(() => tf.abs(negated).dataSync()))).toEqual([7, 8]);
    expect(Array.from(tf.tidy(() => tf.logicalNot(inverted).dataSync()))).toEqual([1, 0]);
    expect(same.dataSync<'string'>()).toEqual(['älter', 'neu']);
    tf.dispose([floats, whole, flags, words, transposed, sums, negated, inverted, same, product]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('what has moved away is no longer held', async () => {
    const before = torchMemory().liveBytes;
    const tensor = tf.fill([512, 512], 3);
    await tf.setBackend('cpu');
    const doubled = tf.mul(tensor, 2);
    await tf.setBackend('torch');
    expect(torchMemory().liveBytes).toBe(before);
    tf.dispose([tensor, doubled]);
    expect(torchMemory().liveBytes).toBe(before);
  });
});

interface Reply {
  readonly weights: number[];
  readonly threadId: number;
  readonly pid: number;
  readonly numTensors: number;
}

describe('training in several places at once gives the same weights', () => {
  const endings: (() => unknown)[] = [];

  afterEach(async () => {
    await Promise.all(endings.splice(0).map((end) => end()));
  });

  /** A worker thread that has started the backend and waits to be told what to train. */
  async function startThread(): Promise<Worker> {
    const worker = new Worker(trainElsewhere);
    endings.push(() => worker.terminate());
    await once(worker, 'message');
    return worker;
  }

  /** A process that has. */
  async function startProcess(): Promise<ChildProcess> {
    const worker = fork(trainElsewhere);
    endings.push(() => worker.kill('SIGKILL'));
    await messageOrEnd(worker);
    return worker;
  }

  /** The next message of a process; an error where it ends without one. */
  async function messageOrEnd(child: ChildProcess): Promise<Reply> {
    return Promise.race([
      once(child, 'message').then(([message]) => message as Reply),
      // What a process has sent comes before this, but may come after its exit.
      once(child, 'disconnect').then(() => {
        throw new Error('The process ended without a word.');
      }),
    ]);
  }

  test(
    'in worker threads, while the main thread trains as well',
    async () => {
      const workers = await Promise.all([startThread(), startThread()]);
      const replies = workers.map(async (worker) => ((await once(worker, 'message')) as [Reply])[0]);
      workers.forEach((worker, index) => worker.postMessage(10 + index));
      const here = [trainSmallNetwork(10), trainSmallNetwork(11)];
      const results = await Promise.all(replies);
      expect(results.map(({ weights }) => weights)).toEqual(here);
      expect(new Set(results.map(({ threadId }) => threadId)).size).toBe(2);
      expect(results.map(({ numTensors }) => numTensors)).toEqual([0, 0]);
    },
    STARTUP_TIMEOUT_MS,
  );

  test(
    'and a worker that is ended amid its work takes nobody along',
    async () => {
      const worker = await startThread();
      const { liveBytes } = torchMemory();
      worker.postMessage(12);
      await worker.terminate();
      expect(trainSmallNetwork(12)).toHaveLength(8 * 16 + 16 * 4);
      expect(torchMemory().liveBytes).toBeLessThanOrEqual(liveBytes);
    },
    STARTUP_TIMEOUT_MS,
  );

  test(
    'in processes of their own',
    async () => {
      const processes = await Promise.all([startProcess(), startProcess()]);
      const exits = processes.map((child) => once(child, 'exit'));
      const replies = processes.map(messageOrEnd);
      processes.forEach((child, index) => child.send(20 + index));
      const here = [trainSmallNetwork(20), trainSmallNetwork(21)];
      const results = await Promise.all(replies);
      expect(results.map(({ weights }) => weights)).toEqual(here);
      expect(new Set([process.pid, ...results.map(({ pid }) => pid)]).size).toBe(3);
      expect((await Promise.all(exits)).map(([code]) => code as number)).toEqual([0, 0]);
    },
    STARTUP_TIMEOUT_MS,
  );
});
