import { ProtoclError, type ProtoclErrorDetails } from '@protocl/core';

/** Every way in which a checkpoint can fail to travel. */
type TravelErrorCode =
  /** It does not fit even if it is rounded. */
  | 'CHECKPOINT_TOO_LARGE'
  /** A piece is missing or is not what was packed. */
  | 'CHECKPOINT_PIECES'
  /** A run's folder is not there, or there already. */
  | 'RUN_FOLDER';

/** An error of a travelling checkpoint. */
export function travelError(
  code: TravelErrorCode,
  details: ProtoclErrorDetails,
): ProtoclError<TravelErrorCode> {
  return new ProtoclError(code, details);
}
