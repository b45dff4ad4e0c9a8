import { typedError } from '../kernelErrors.js';
import { activeDevice } from './activeDevice.js';

/**
 * Waits until the device of the torch backend has done all that was started on it. A GPU works on while JavaScript
 * goes on, so a clock must be read after this. On the CPU there is nothing to wait for.
 *
 * @throws TorchBackendError `NOT_INITIALIZED` where no torch backend runs; whatever failed on the device since the last
 *   wait.
 */
export function synchronize(): void {
  const { device, addon } = activeDevice();
  try {
    addon.synchronize(device);
  } catch (cause) {
    throw typedError(cause, `Waiting for the device ${device} failed`);
  }
}
