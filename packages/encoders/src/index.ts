export { createEncoder } from './createEncoder.js';
export {
  type Encoder,
  type EncoderOptions,
  type ForwardOptions,
  type HeadOptions,
  type ResolvedEncoderOptions,
} from './encoder.js';
export { type EncoderError, type EncoderErrorCode } from './errors.js';
export { loadEncoder, type LoadEncoderOptions, type LoadReport } from './loadEncoder.js';
export { ARCHITECTURES, STEMS, type Architecture, type Stem } from './resnet/architectures.js';
export { decodeSafetensors, type SafetensorsContent } from './safetensors/decodeSafetensors.js';
export { encodeSafetensors } from './safetensors/encodeSafetensors.js';
export { saveEncoder } from './saveEncoder.js';
export { type State, type TensorState } from './state.js';
