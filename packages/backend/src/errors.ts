import { ProtoclError } from '@protocl/core/errors';
import type { ProtoclErrorDetails } from '@protocl/core/errors';

/** What can go wrong in this package. */
export type BackendErrorCode =
  /** The name is none of those that `useBackend` knows. */
  | 'UNKNOWN_BACKEND'
  /** An option or argument has a value that cannot work. */
  | 'INVALID_OPTION'
  /** The tensors passed to an op do not fit each other or the op. */
  | 'INVALID_SHAPE'
  /** A tensor has another dtype than the op computes with. */
  | 'INVALID_DTYPE'
  /** The backend that was asked for cannot run here; `cause` says more where there is more. */
  | 'BACKEND_UNAVAILABLE'
  /** None of the backends that `auto` tries can run here. */
  | 'NO_BACKEND'
  /** A running backend would have to be replaced while tensors live on it. */
  | 'BACKEND_IN_USE'
  /** The operation exists, but not with these attributes. */
  | 'UNSUPPORTED';

/** An error of this package: a {@link ProtoclError} with one of its codes. */
export type BackendError = ProtoclError<BackendErrorCode>;

export function backendError(code: BackendErrorCode, details: ProtoclErrorDetails): BackendError {
  return new ProtoclError(code, details);
}
