import { ProtoclError } from '@protocl/core';
import type { ProtoclErrorDetails } from '@protocl/core';

/** What can go wrong in this package; files that cannot be written are errors of `@protocl/core`. */
export type ReportErrorCode =
  /** An option has a value that cannot work. */
  | 'INVALID_OPTION'
  /** Arrays of a report's data do not fit each other. */
  | 'INVALID_SHAPE'
  /** The picture of a sprite sheet is no JPEG or PNG, or not of the size of its tiles. */
  | 'INVALID_PICTURE'
  /** The folder is not that of a run, or a file in it holds no JSON. */
  | 'RUN_UNREADABLE'
  /** The port to serve on is taken or not allowed. */
  | 'PORT_UNAVAILABLE';

/** An error of this package: a {@link ProtoclError} with one of its codes. */
export type ReportError = ProtoclError<ReportErrorCode>;

export function reportError(code: ReportErrorCode, details: ProtoclErrorDetails): ReportError {
  return new ProtoclError(code, details);
}
