import { ProtoclError } from '@protocl/core';
import type { ProtoclErrorDetails } from '@protocl/core';

/** What can go wrong in this package. */
export type AugmentErrorCode =
  /** A recipe has a key or a value that cannot be; the message begins with the path of the key. */
  | 'RECIPE_INVALID'
  /** Tensors or arrays do not fit each other or the recipe. */
  | 'INVALID_SHAPE'
  /** An option has a value that cannot work. */
  | 'INVALID_OPTION'
  /** A file is not there or may not be read. */
  | 'IMAGE_NOT_READABLE'
  /** The bytes are no image, or a damaged one. */
  | 'IMAGE_CORRUPT'
  /** An image has more pixels than allowed, such as a decompression bomb. */
  | 'IMAGE_TOO_LARGE';

/** An error of this package: a {@link ProtoclError} with one of its codes. */
export type AugmentError = ProtoclError<AugmentErrorCode>;

export function augmentError(code: AugmentErrorCode, details: ProtoclErrorDetails): AugmentError {
  return new ProtoclError(code, details);
}
