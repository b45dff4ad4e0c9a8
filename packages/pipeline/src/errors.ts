import { ProtoclError } from '@protocl/core';
import type { ProtoclErrorDetails } from '@protocl/core';

/** What can go wrong in this package; what it builds on throws its own codes through it. */
export type PipelineErrorCode =
  /** The configuration has unknown keys, wrong values or settings that exclude each other. */
  | 'INVALID_CONFIG'
  /** A configuration file cannot be read or has no configuration in it. */
  | 'CONFIG_FILE'
  /** There is no preset or data set of that name. */
  | 'UNKNOWN_NAME'
  /** A command was called in a way that it does not understand. */
  | 'USAGE'
  /** An argument of a library function is out of range. */
  | 'INVALID_OPTION'
  /** There are no features in a file, or no images to encode. */
  | 'INVALID_FEATURES'
  /** An image, or a folder of images, that was named is not there. */
  | 'IMAGES_NOT_FOUND'
  /** A file of weights does not say which encoder it is of, or how its images were prepared. */
  | 'ENCODER_NOT_DESCRIBED'
  /** An encoder was used after its dispose. */
  | 'ENCODER_DISPOSED'
  /** Some evaluators could not judge what they were given; the scores of the others are there. */
  | 'SCORES_MISSING'
  /** None of the evaluators could. */
  | 'NO_SCORES'
  /** The images do not fit the configuration. */
  | 'DATA_MISMATCH'
  /** The folder is not that of a run, or it is one that would be overwritten. */
  | 'RUN_FOLDER'
  /** Another process is writing to the folder of the run or the comparison. */
  | 'FOLDER_IN_USE'
  /** The folder of a comparison holds runs of other settings than those that are to be compared. */
  | 'CONFIG_DIFFERS'
  /** Some runs of a comparison failed; the others are done. */
  | 'RUNS_FAILED'
  /** The run has no checkpoint, yet or any more. */
  | 'NO_CHECKPOINT'
  /** A signal stopped the run, on the command line also after its checkpoint was written, a comparison or a report. */
  | 'INTERRUPTED';

/** An error of this package: a {@link ProtoclError} with one of its codes. */
export type PipelineError = ProtoclError<PipelineErrorCode>;

export function pipelineError(code: PipelineErrorCode, details: ProtoclErrorDetails): PipelineError {
  return new ProtoclError(code, details);
}
