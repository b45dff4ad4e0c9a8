import { ProtoclError, type ProtoclErrorDetails } from '@protocl/core/errors';

/** What can go wrong in this package. */
export type EncoderErrorCode =
  /** An option has a value that cannot work. */
  | 'INVALID_OPTION'
  /** The images are not float32 [N, H, W, 3]. */
  | 'INVALID_IMAGES'
  /** Weights or a state lack names, have too many, or have other shapes than the encoder; all are listed. */
  | 'WEIGHTS_MISMATCH'
  /** A file holds no ResNet, or none under the prefix that was given. */
  | 'ENCODER_NOT_FOUND'
  /** A file holds several encoders and no prefix says which one is meant. */
  | 'PREFIX_AMBIGUOUS'
  /** A file could not be opened or read. */
  | 'FILE_NOT_READABLE'
  /** Bytes that are not a complete, consistent safetensors file. */
  | 'SAFETENSORS_INVALID'
  /** A tensor of a dtype that has no counterpart in TensorFlow.js. */
  | 'SAFETENSORS_DTYPE'
  /** A tensor holds integers that int32 cannot hold. */
  | 'SAFETENSORS_RANGE'
  /** A tensor that is to be written contradicts itself, or has a name that cannot be used. */
  | 'INVALID_TENSOR';

/** An error of this package: a {@link ProtoclError} with one of its codes. */
export type EncoderError = ProtoclError<EncoderErrorCode>;

export function encoderError(code: EncoderErrorCode, details: ProtoclErrorDetails): EncoderError {
  return new ProtoclError(code, details);
}
