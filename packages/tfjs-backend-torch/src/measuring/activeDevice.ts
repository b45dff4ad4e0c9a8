import { engine } from '@tensorflow/tfjs-core';

import { TorchBackend } from '../backend.js';
import { type Addon, addon, notStarted } from '../native/addon.js';

/**
 * The device of the torch backend that runs, and the addon to ask about it.
 *
 * @throws TorchBackendError `NOT_INITIALIZED` where none runs.
 */
export function activeDevice(): { device: string; addon: Addon } {
  // tfjs's findBackend would start one that is only registered.
  const backend = engine().registry['torch'];
  if (backend instanceof TorchBackend) return { device: backend.device, addon: addon() };
  throw notStarted();
}
