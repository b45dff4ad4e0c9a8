import { ProtoclError } from './errors.js';

/**
 * Awaits an operation on the file system, and names its failure.
 *
 * @param target the path that the user knows of
 * @throws {ProtoclError} `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function onDisk<T>(target: string, operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code;
    if (reason === 'ENOSPC' || reason === 'EDQUOT') {
      throw new ProtoclError('DISK_FULL', {
        message: 'there is no space left for a file',
        given: target,
        remedy: 'Free some space on that disk, or write elsewhere',
        cause,
      });
    }
    throw new ProtoclError('FILE_NOT_WRITABLE', {
      message: `a file could not be written (${reason ?? String(cause)})`,
      given: target,
      expected: 'a path in a folder that this user may write to',
      remedy: 'Check the permissions of the folder, or write elsewhere',
      cause,
    });
  }
}
