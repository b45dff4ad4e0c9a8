import { isMainThread } from 'node:worker_threads';

/**
 * Makes CUDA load each kernel when it is first needed, by `CUDA_MODULE_LOADING`, unless that is set. It does so by
 * itself since CUDA 12.2; before, all of libtorch's are loaded at the start, which takes seconds and hundreds of
 * megabytes of the device. PyTorch sets the same. To be called before the addon is first loaded.
 *
 * In a worker thread it does nothing: its environment is a copy that native code does not see.
 */
export function loadKernelsLazily(): void {
  if (isMainThread) process.env['CUDA_MODULE_LOADING'] ??= 'LAZY';
}
