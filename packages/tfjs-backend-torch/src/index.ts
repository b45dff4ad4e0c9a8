import { registerTorchBackend } from './register.js';

export { TorchBackend, type TorchMemory } from './backend.js';
export { TorchBackendError, type TorchErrorCode, type TorchErrorDetails } from './errors.js';
export { type DeviceMemory, deviceMemory, resetDeviceMemoryPeak } from './measuring/deviceMemory.js';
export type { KernelTime } from './measuring/kernelTimes.js';
export { profile } from './measuring/profile.js';
export { synchronize } from './measuring/synchronize.js';
export { openBlasCores, type OpenBlasCore } from './libtorch/openblas.js';
export { prepareTorch } from './libtorch/prepare.js';
export { registerTorchBackend, type TorchBackendOptions } from './register.js';

// As with TensorFlow.js's own backends, importing the package is enough to use it.
registerTorchBackend();
