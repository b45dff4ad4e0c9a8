import { activeDevice } from './activeDevice.js';

/** What libtorch's allocator has of a CUDA device's memory, in bytes. */
export interface DeviceMemory {
  /** Largest `liveBytes` since the start, or since {@link resetDeviceMemoryPeak}. */
  readonly peakBytes: number;
  /** In tensors now, those of libtorch's own work included. */
  readonly liveBytes: number;
  /** Taken from the device: `liveBytes`, and what is kept for the next tensors. */
  readonly reservedBytes: number;
}

/**
 * The memory of the torch backend's CUDA device, as libtorch counts it for the whole process.
 *
 * @returns null on other devices, and where libtorch is older than 2.9 and cannot tell
 * @throws TorchBackendError `NOT_INITIALIZED` where no torch backend runs.
 */
export function deviceMemory(): DeviceMemory | null {
  const { device, addon } = activeDevice();
  const told = addon.deviceMemory(device);
  if (told === undefined) return null;
  const [liveBytes, peakBytes, reservedBytes] = told;
  return { peakBytes, liveBytes, reservedBytes };
}

/**
 * Lets `peakBytes` of {@link deviceMemory} begin anew, at what is live now.
 *
 * @throws TorchBackendError `NOT_INITIALIZED` where no torch backend runs.
 */
export function resetDeviceMemoryPeak(): void {
  const { device, addon } = activeDevice();
  addon.resetDeviceMemoryPeak(device);
}
