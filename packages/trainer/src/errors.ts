import { ProtoclError, type ProtoclErrorDetails } from '@protocl/core';

/** What can go wrong in this package. */
export type TrainerErrorCode =
  /** An option has a value, or goes with another one, in a way that cannot work. */
  | 'INVALID_OPTION'
  /** A training source gave other batches than it announced. */
  | 'INVALID_BATCH'
  /** A method gave no gradient for a variable that the optimizer changes. */
  | 'GRADIENT_MISSING'
  /** The loss became NaN or infinite; no checkpoint was written since. */
  | 'LOSS_NOT_FINITE'
  /** Weights or other state became NaN or infinite, so that no checkpoint was written. */
  | 'STATE_NOT_FINITE'
  /** The evaluation did not give the metric by which the best checkpoint is kept. */
  | 'METRIC_MISSING'
  /** There is no checkpoint at that path. */
  | 'CHECKPOINT_NOT_FOUND'
  /** A checkpoint is truncated, or its content is not what was written. */
  | 'CHECKPOINT_DAMAGED'
  /** The file is not a checkpoint of this package. */
  | 'CHECKPOINT_FOREIGN'
  /** The checkpoint was written by a later version with another layout. */
  | 'CHECKPOINT_VERSION'
  /** The checkpoint belongs to another method, encoder or optimizer. */
  | 'CHECKPOINT_MISMATCH'
  /** Checkpoints are there, and none of them can be used. */
  | 'CHECKPOINT_NONE_USABLE'
  /** A new run would mix its checkpoints with those of another. */
  | 'CHECKPOINT_FOLDER_IN_USE';

/** An error of this package: a {@link ProtoclError} with one of its codes. */
export type TrainerError = ProtoclError<TrainerErrorCode>;

export function trainerError(code: TrainerErrorCode, details: ProtoclErrorDetails): TrainerError {
  return new ProtoclError(code, details);
}
