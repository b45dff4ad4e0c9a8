import { TorchBackendError } from '../errors.js';
import { requireKnownOptions } from '../requireKnownOptions.js';
import { buildAddon, type SourceFolders } from './buildAddon.js';
import type { Libtorch } from './libtorch.js';
import { locateLibtorch, type LocateOptions } from './locateLibtorch.js';

/** Where to look, and what to compile. */
export interface PrepareOptions extends LocateOptions, SourceFolders {}

/** A libtorch and the addon that was compiled against it. */
export interface PreparedTorch {
  /** The compiled addon, to be loaded by `require`. */
  readonly addonPath: string;
  readonly libtorch: Libtorch;
}

/**
 * Sees to it that there is a libtorch and an addon compiled against it: what is there is taken, what is
 * missing is fetched and compiled, once for this user.
 *
 * @throws TorchBackendError `PLATFORM_UNSUPPORTED`, `LIBTORCH_BROKEN`, `LIBTORCH_NOT_FOUND`, `FETCH_FAILED`,
 *   `CACHE_UNWRITABLE`, `COMPILER_MISSING`, `BUILD_FAILED` or `UNKNOWN_OPTION`; each message says what to do.
 */
export async function prepareTorch(options: PrepareOptions = {}): Promise<PreparedTorch> {
  requireKnownOptions('prepareTorch', options, {
    log: true,
    allowFetch: true,
    systemPrefixes: true,
    nativeFolder: true,
    headersFolder: true,
  });
  requirePlatform();
  const libtorch = await locateLibtorch(options);
  const addonPath = await buildAddon({ ...options, libtorch });
  return { addonPath, libtorch };
}

function requirePlatform(): void {
  if (process.platform === 'linux' || process.platform === 'darwin') return;
  throw new TorchBackendError('PLATFORM_UNSUPPORTED', {
    message: `The torch backend does not run on ${process.platform}.`,
    given: process.platform,
    expected: 'Linux or macOS',
    remedy: 'On Windows use the Windows Subsystem for Linux, or another TensorFlow.js backend.',
  });
}
