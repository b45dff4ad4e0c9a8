import { ProtoclError } from '@protocl/core/errors';
import type { ProtoclErrorDetails } from '@protocl/core/errors';

/** What can go wrong in this package. */
export type EvaluatorErrorCode =
  /** An option has a value that cannot work. */
  | 'INVALID_OPTION'
  /** Tensors or arrays do not fit each other or the function. */
  | 'INVALID_SHAPE'
  /** A tensor has another dtype than float32. */
  | 'INVALID_DTYPE'
  /** Features or scores hold NaN or Inf. */
  | 'NON_FINITE_FEATURES'
  /** A label is none of the classes. */
  | 'INVALID_LABELS'
  /** All samples to learn from are of one class, so there is nothing to tell apart. */
  | 'ONE_CLASS'
  /** There is no sample to learn from, or none to judge by. */
  | 'EMPTY_SPLIT'
  /** There are fewer samples, or fewer of a class, than were asked for. */
  | 'TOO_FEW_SAMPLES';

/** An error of this package: a {@link ProtoclError} with one of its codes. */
export type EvaluatorError = ProtoclError<EvaluatorErrorCode>;

export function evaluatorError(code: EvaluatorErrorCode, details: ProtoclErrorDetails): EvaluatorError {
  return new ProtoclError(code, details);
}
