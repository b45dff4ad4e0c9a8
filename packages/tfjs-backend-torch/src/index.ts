import { registerTorchBackend } from './register.js';

export { TorchBackend, type TorchMemory } from './backend.js';
export { TorchBackendError, type TorchErrorCode, type TorchErrorDetails } from './errors.js';
export { prepareTorch } from './libtorch/prepare.js';
export { registerTorchBackend, type TorchBackendOptions } from './register.js';

// As with TensorFlow.js's own backends, importing the package is enough to use it.
registerTorchBackend();
