import { ProtoclError } from '@protocl/core/errors';
import type { ProtoclErrorDetails } from '@protocl/core/errors';

/** What can go wrong in this package. */
export type LossErrorCode =
  /** Tensors that do not fit each other or the loss, an empty batch included. */
  | 'INVALID_SHAPE'
  /** A tensor that is not float32. */
  | 'INVALID_DTYPE'
  /** An option has a value that cannot work. */
  | 'INVALID_OPTION'
  /** An index is not one of the dataset, or an assignment is not one of the clusters. */
  | 'INDEX_OUT_OF_RANGE'
  /** More negative prototypes are asked for than the batch leaves unused. */
  | 'TOO_MANY_NEGATIVES'
  /** A second derivative was asked for. */
  | 'UNSUPPORTED';

/** An error of this package: a {@link ProtoclError} with one of its codes. */
export type LossError = ProtoclError<LossErrorCode>;

export function lossError(code: LossErrorCode, details: ProtoclErrorDetails): LossError {
  return new ProtoclError(code, details);
}
