import { ProtoclError, type ProtoclErrorDetails } from '@protocl/core';

/** Every way in which carried images can fail. */
type ImagesErrorCode =
  /** What was unpacked is not what was packed. */
  | 'IMAGES_DAMAGED'
  /** The cache holds repeated images in the place of CIFAR-10. */
  | 'IMAGES_STAND_IN'
  /** A single file is larger than a part may be. */
  | 'PART_TOO_SMALL';

/** An error of the carried images. */
export function imagesError(
  code: ImagesErrorCode,
  details: ProtoclErrorDetails,
): ProtoclError<ImagesErrorCode> {
  return new ProtoclError(code, details);
}
