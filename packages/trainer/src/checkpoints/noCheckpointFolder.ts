import { trainerError } from '../errors.js';
import type { ParsedCheckpoints } from './checkpointsOptions.js';

/**
 * What stands in the place of `checkpointFolder.ts` on pages, which have no files.
 *
 * @throws {ProtoclError} `INVALID_OPTION` always
 */
export function openCheckpointFolder({ folder }: ParsedCheckpoints): never {
  throw trainerError('INVALID_OPTION', {
    message: 'checkpoints are files, and a page has none',
    given: `checkpoints.folder ${folder}`,
    expected: 'no checkpoints outside of Node',
    remedy: 'Leave checkpoints out; encodeSafetensors of @protocl/encoders makes bytes of an encoder to keep',
  });
}
