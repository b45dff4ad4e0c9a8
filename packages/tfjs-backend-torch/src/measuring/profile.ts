import { TorchBackendError } from '../errors.js';
import { activeDevice } from './activeDevice.js';
import { type Activity, deviceTimes, type KernelTime, operatorTimes } from './kernelTimes.js';
import { synchronize } from './synchronize.js';

/**
 * Runs a function and tells what it took on the torch backend's device, by libtorch's profiler.
 *
 * On CUDA these are the kernels and copies that ran on the device, whichever thread started them, from the beginning of
 * `body` until the device has done all that was started. On the CPU these are the operators that this thread ran, each
 * without the time of the operators that it called. Profiling itself slows small operators down by some microseconds;
 * kernels of the device it does not.
 *
 * @param body what is measured; what else the program does while it waits is measured with it
 * @returns the longest first
 * @throws TorchBackendError `NOT_INITIALIZED` where no torch backend runs, `PROFILER_RUNNING` while another profile is
 *   taken in this process, `PROFILER_UNAVAILABLE` where this libtorch or device has no profiler; whatever `body` throws.
 */
export async function profile(body: () => void | Promise<void>): Promise<KernelTime[]> {
  const { device, addon } = activeDevice();
  if (device === 'mps') throw unavailable('The profiler does not see the kernels of the device mps.');
  const isCuda = device.startsWith('cuda');
  // What was started before is not the body's.
  synchronize();
  let started: 0 | 1;
  try {
    started = addon.startProfiler(isCuda);
  } catch (cause) {
    throw unavailable(`The profiler of libtorch ${addon.version()} does not start.`, cause);
  }
  if (started === 0) {
    throw new TorchBackendError('PROFILER_RUNNING', {
      message: 'A profile is being taken in this process already.',
      expected: 'one profile at a time',
      remedy: 'Wait for the other one (await profile(...)) first.',
    });
  }
  let names: string[] = [];
  let numbers: number[] = [];
  try {
    await body();
    synchronize();
  } finally {
    [names, numbers] = addon.stopProfiler();
  }
  const activities = names.map((name, index) => activityAt(name, numbers, 4 * index));
  if (!isCuda) return operatorTimes(activities);
  const times = deviceTimes(activities);
  // The last wait is a call of CUDA's, which the profiler sees where it sees anything.
  if (times.length === 0 && !activities.some(({ name }) => /^cu(da)?[A-Z]/.test(name))) {
    throw unavailable(
      'The profiler saw nothing of the device: CUPTI may be missing, or the driver may forbid it ' +
        '(with KINETO_LOG_LEVEL=0 libkineto tells more).',
    );
  }
  return times;
}

function activityAt(name: string, numbers: readonly number[], at: number): Activity {
  const [kind = 0, thread = 0, start = 0, duration = 0] = numbers.slice(at, at + 4);
  return { name, kind, thread, start, duration };
}

function unavailable(message: string, cause?: unknown): TorchBackendError {
  return new TorchBackendError('PROFILER_UNAVAILABLE', {
    message,
    expected: 'libtorch with its profiler (kineto), on cpu or cuda',
    remedy: 'PROTOCL_LIBTORCH chooses another libtorch: those of pytorch.org have the profiler.',
    ...(cause !== undefined && { cause }),
  });
}
