import { backendError } from '../errors.js';
import type { Engine, EngineOptions } from './engine.js';
import { importOptional } from './importOptional.js';
import { requireNode } from './platform.js';
import { runningBackend, startRegistered } from './registeredBackend.js';

/** What of the torch backend's package is used here. */
interface TorchPackage {
  readonly registerTorchBackend: (options: Partial<EngineOptions>) => void;
}

const SETTINGS = ['device', 'threads', 'memoryLimit', 'float32Precision', 'cudnnBenchmark'] as const;
type Settings = Pick<EngineOptions, (typeof SETTINGS)[number]>;

let startedWith: Settings = {};

/** libtorch, through @protocl/tfjs-backend-torch. */
export const torch: Engine = {
  name: 'torch',
  tfjsName: 'torch',
  async start(options) {
    if (!isRunningWith(options)) {
      requireNode('@protocl/tfjs-backend-torch');
      const { registerTorchBackend } = await importOptional<TorchPackage>('@protocl/tfjs-backend-torch');
      const settings = Object.fromEntries(
        SETTINGS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
      );
      registerTorchBackend({ ...settings, log: options.log });
      await startRegistered('torch');
      startedWith = settings;
    }
    const { device } = runningBackend('torch') as { device?: string };
    return device ?? 'cpu';
  },
};

/** Whether torch runs with what is asked for; options that are left out ask for nothing. */
function isRunningWith(options: EngineOptions): boolean {
  const running = runningBackend('torch');
  if (running === undefined) return false;
  const changed = SETTINGS.filter(
    (name) => options[name] !== undefined && options[name] !== startedWith[name],
  );
  if (changed.length === 0) return true;
  const tensors = running.numDataIds();
  if (tensors === 0) return false;
  throw backendError('BACKEND_IN_USE', {
    message: `torch runs with other settings, and ${tensors} tensors live on it`,
    given: changed.map((name) => `${name}: ${String(options[name])}`).join(', '),
    expected: changed.map((name) => `${name}: ${String(startedWith[name] ?? 'left to torch')}`).join(', '),
    remedy:
      'Choose the settings in the first call, or dispose every tensor and variable before changing them',
  });
}
