/** All that needs no file system: what browsers can import. */
export { createEncoder } from './createEncoder.js';
export {
  type Encoder,
  type EncoderOptions,
  type ForwardOptions,
  type HeadOptions,
  type ResolvedEncoderOptions,
} from './encoder.js';
export { describedEncoder, type DescribedEncoder } from './encoderMetadata.js';
export { encoderCost, type EncoderCost } from './encoderCost.js';
export { type EncoderError, type EncoderErrorCode } from './errors.js';
export { loadWeights, type LoadReport, type LoadWeightsOptions } from './loadWeights.js';
export {
  ARCHITECTURES,
  INPUTS,
  STEMS,
  type Architecture,
  type EncoderInput,
  type Stem,
} from './resnet/architectures.js';
export { decodeSafetensors, type SafetensorsContent } from './safetensors/decodeSafetensors.js';
export { encodeSafetensors } from './safetensors/encodeSafetensors.js';
export { halfToFloat32 } from './safetensors/dtypes.js';
export { type State, type TensorState } from './state.js';
