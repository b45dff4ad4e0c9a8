import { pipelineError } from '../errors.js';

/**
 * Does what a signal may interrupt, and tells that by an error of its own.
 *
 * @param message what has been stopped
 * @throws {ProtoclError} `INTERRUPTED` if the signal has aborted; what the work throws otherwise
 */
export async function unlessStopped<T>(
  signal: AbortSignal | undefined,
  message: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    signal?.throwIfAborted();
    return await work();
  } catch (cause) {
    if (signal?.aborted !== true) throw cause;
    throw pipelineError('INTERRUPTED', { message, cause });
  }
}
