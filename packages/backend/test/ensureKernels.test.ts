import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo, Variable } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';

import { batchNorm, ensureKernels, nearestCentroid, sgdMomentumStep, SgdMomentumStep } from '../src/index.js';
import { sampleTensor } from './numericGradient.js';

/** What of the cpu backend the kernel below uses. */
interface CpuBackend {
  incRef(dataId: object): void;
  data: { get(dataId: object): { values: Float32Array } };
}

const NAME = 'mine';

/** p -= gradient, in place: the outputs are the inputs' own data, held once more. */
function stepInPlace({ inputs, backend }: { inputs: object; backend: unknown }): TensorInfo[] {
  const cpu = backend as CpuBackend;
  const { parameter0, velocity0, gradient0 } = inputs as Record<string, TensorInfo>;
  const values = cpu.data.get(parameter0!.dataId).values;
  cpu.data.get(gradient0!.dataId).values.forEach((value, index) => (values[index]! -= value));
  return [parameter0!, velocity0!].map(({ dataId, shape, dtype }) => {
    cpu.incRef(dataId);
    return { dataId, shape, dtype };
  });
}

beforeAll(async () => {
  tf.registerBackend(NAME, tf.findBackendFactory('cpu'), 0);
  tf.copyRegisteredKernels('cpu', NAME);
  tf.registerKernel({ kernelName: SgdMomentumStep, backendName: NAME, kernelFunc: stepInPlace });
  await tf.setBackend(NAME);
});
afterAll(() => tf.removeBackend(NAME));

test('the ops work on a backend that was started without useBackend', () => {
  tf.tidy(() => {
    const { indices } = nearestCentroid(tf.tensor2d([[0.9], [0.2]]), tf.tensor2d([[0], [1]]));
    expect([...indices.dataSync()]).toEqual([1, 0]);
    const gradient = tf.grad((x) =>
      tf.sum(tf.square(batchNorm(x, { scale: tf.ones([2]), offset: tf.ones([2]), training: true }))),
    );
    expect(gradient(sampleTensor([4, 2])).shape).toEqual([4, 2]);
  });
});

test('wasm that was started without useBackend trains convolutions once an op of this package ran', async () => {
  await tf.setBackend('wasm');
  ensureKernels();
  const before = tf.memory().numTensors;
  const filter = tf.tidy(() => {
    const x = sampleTensor([2, 4, 4, 1]) as tf.Tensor4D;
    return tf.grad((w) => tf.sum(tf.conv2d(x, w as tf.Tensor4D, 1, 'same')))(tf.ones([3, 3, 1, 2]));
  });
  expect(filter.shape).toEqual([3, 3, 1, 2]);
  filter.dispose();
  expect(tf.memory().numTensors).toBe(before);
  await tf.setBackend(NAME);
});

test("a backend's own kernel stays, and may work in place", () => {
  const kernel = tf.getKernel(SgdMomentumStep, NAME);
  ensureKernels(NAME);
  expect(tf.getKernel(SgdMomentumStep, NAME)).toBe(kernel);

  const [parameter, velocity] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.zeros([2]))] as [
    Variable,
    Variable,
  ];
  const gradient = tf.tensor1d([0.25, 0.5]);
  const { dataId } = parameter;
  const before = tf.memory();
  for (let step = 0; step < 3; step += 1) {
    sgdMomentumStep([parameter], [velocity], [gradient], { learningRate: 1 });
  }
  expect([...parameter.dataSync()]).toEqual([0.25, 0.5]);
  expect(parameter.dataId).toBe(dataId);
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  expect([numTensors, numDataBuffers, numBytes]).toEqual([
    before.numTensors,
    before.numDataBuffers,
    before.numBytes,
  ]);
  tf.dispose([parameter, velocity, gradient]);
});
