export { type MomentumError, type MomentumErrorCode } from './errors.js';
export { FeatureQueue, type FeatureQueueOptions } from './FeatureQueue.js';
export {
  MomentumEncoder,
  type FollowingVariables,
  type MomentumEncoderOptions,
  type VariableSet,
} from './MomentumEncoder.js';
export { splitBatch, type SplitBatchOptions } from './splitBatch.js';
export { type JsonValue, type State, type TensorState } from './state.js';
