import { ProtoclError, type ProtoclErrorDetails } from '@protocl/core';

/** Every way in which packing, carrying, rehearsing and running the check can fail. */
export type GpuCheckErrorCode =
  | 'CHECK_USAGE'
  | 'PACK_UNSUPPORTED'
  | 'PACK_TOO_LARGE'
  | 'DEVICE_MISSING'
  | 'STEP_FAILED'
  /** Carried images are not what was packed. */
  | 'IMAGES_DAMAGED'
  /** The cache holds repeated images in the place of CIFAR-10. */
  | 'IMAGES_STAND_IN'
  /** A single file is larger than a part may be. */
  | 'PART_TOO_SMALL'
  /** A checkpoint does not fit even if it is rounded. */
  | 'CHECKPOINT_TOO_LARGE'
  /** A piece of a checkpoint is missing or is not what was packed. */
  | 'CHECKPOINT_PIECES'
  /** A run's folder is not there, or there already. */
  | 'RUN_FOLDER'
  /** This machine cannot build an empty root. */
  | 'REHEARSAL_UNAVAILABLE'
  /** The empty root was built, and is not what it has to be. */
  | 'REHEARSAL_ROOT_INVALID'
  /** What is to be carried or run in a rehearsal is not there. */
  | 'REHEARSAL_USAGE';

/** An error of the GPU check. */
export function gpuCheckError(
  code: GpuCheckErrorCode,
  details: ProtoclErrorDetails,
): ProtoclError<GpuCheckErrorCode> {
  return new ProtoclError(code, details);
}
