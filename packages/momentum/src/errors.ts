import { ProtoclError } from '@protocl/core/errors';
import type { ProtoclErrorDetails } from '@protocl/core/errors';

/** What can go wrong in this package. */
export type MomentumErrorCode =
  /** Tensors or variables that do not fit each other. */
  | 'INVALID_SHAPE'
  /** A tensor that is not float32. */
  | 'INVALID_DTYPE'
  /** An option has a value that cannot work. */
  | 'INVALID_OPTION'
  /** More keys are pushed at once than the queue holds. */
  | 'BATCH_TOO_LARGE'
  /** A state was not made by an object like the one that is to take it. */
  | 'STATE_MISMATCH'
  /** The object was disposed before. */
  | 'DISPOSED';

/** An error of this package: a {@link ProtoclError} with one of its codes. */
export type MomentumError = ProtoclError<MomentumErrorCode>;

export function momentumError(code: MomentumErrorCode, details: ProtoclErrorDetails): MomentumError {
  return new ProtoclError(code, details);
}

export function disposedError(what: string): MomentumError {
  return momentumError('DISPOSED', {
    message: `this ${what} was disposed`,
    remedy: 'Dispose it only when nothing uses it any more',
  });
}
