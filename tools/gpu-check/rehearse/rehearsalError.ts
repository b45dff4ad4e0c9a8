import { ProtoclError, type ProtoclErrorDetails } from '@protocl/core';

/** Every way in which a rehearsal can fail to take place; what the check does wrong is no error but a result. */
export type RehearsalErrorCode =
  /** This machine cannot build an empty root. */
  | 'REHEARSAL_UNAVAILABLE'
  /** The empty root was built, and is not what it has to be. */
  | 'REHEARSAL_ROOT_INVALID'
  /** What is to be carried or run is not there. */
  | 'REHEARSAL_USAGE';

/** An error of the rehearsal. */
export function rehearsalError(
  code: RehearsalErrorCode,
  details: ProtoclErrorDetails,
): ProtoclError<RehearsalErrorCode> {
  return new ProtoclError(code, details);
}
