import { ensureKernels, useBackend, type BackendName } from '@protocl/backend';
import {
  deviceMemory,
  prepareTorch,
  registerTorchBackend,
  resetDeviceMemoryPeak,
  synchronize,
  type TorchBackendOptions,
} from '@protocl/tfjs-backend-torch';
import * as tf from '@tensorflow/tfjs-core';

import type { PreparedTask, TaskParameters } from '../harness/serve.js';

/** The engine under a task, in the form in which a prepared task tells of it. */
export type StartedEngine = Omit<PreparedTask, 'run'>;

/** What a task may say of the engine. */
interface EngineParameters extends Pick<TorchBackendOptions, 'float32Precision' | 'cudnnBenchmark'> {
  readonly backend: string;
  readonly device: string;
  readonly threads: number;
}

/** Starts the engine that a task asks for. One that runs already is replaced, and its tensors with it. */
export async function startEngine(parameters: TaskParameters): Promise<StartedEngine> {
  const { backend, device, threads, float32Precision, cudnnBenchmark } =
    parameters as unknown as EngineParameters;
  const log = (line: string): void => console.error(line);
  if (backend !== 'torch') {
    await useBackend(backend as BackendName, { device, threads, log });
    return { synchronize: readOneNumber };
  }
  const settings = {
    ...(float32Precision !== undefined && { float32Precision }),
    ...(cudnnBenchmark !== undefined && { cudnnBenchmark }),
  };
  // What `useBackend` does for torch, but it imports the backend in a way that no bundler follows.
  registerTorchBackend({ device, threads, log, ...settings });
  if (!(await tf.setBackend('torch'))) throw new Error('the torch backend does not start');
  ensureKernels('torch');
  return {
    versions: { libtorch: (await prepareTorch()).libtorch.version },
    synchronize,
    devicePeakBytes: () => deviceMemory()?.peakBytes ?? null,
    resetDevicePeak: resetDeviceMemoryPeak,
    release() {
      tf.disposeVariables();
      tf.removeBackend('torch');
    },
  };
}

/** Waits until the device has done all that it was given, by asking it for one number. */
function readOneNumber(): void {
  tf.tidy(() => tf.add(tf.scalar(1), tf.scalar(1)).dataSync());
}
