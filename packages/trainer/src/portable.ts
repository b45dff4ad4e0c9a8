/** All that writes no files: what bundles for browsers get of this package. */
export type { TrainerError, TrainerErrorCode } from './errors.js';
export type { JsonValue, State, TensorState } from './state.js';
export type { Optimizer, OptimizerFactory } from './optimizers/optimizer.js';
export { adamW, type AdamWOptions } from './optimizers/adamW.js';
export { lars, type LarsOptions } from './optimizers/lars.js';
export { sgd, type SgdOptions } from './optimizers/sgd.js';
export { optimizerOf, optimizerSchema, type OptimizerOptions } from './optimizers/optimizerOf.js';
export type { LearningRates, Schedule, ScheduleSpan } from './schedules/schedule.js';
export {
  constant,
  cosine,
  scheduleOf,
  scheduleSchema,
  step,
  type ConstantOptions,
  type CosineOptions,
  type ScheduleOptions,
  type StepOptions,
} from './schedules/schedules.js';
export type { PlainBatch, TrainingBatch, TrainingSource } from './source.js';
export type {
  Clusters,
  Figures,
  Method,
  Position,
  StepContext,
  StepResult,
  UpdateContext,
} from './method.js';
export { differentiate } from './differentiate.js';
export type * from './events.js';
export type { BestCheckpoint, Checkpoint } from './checkpoints/checkpoint.js';
export type { ConfigDifferences, RunIdentity } from './checkpoints/runIdentity.js';
export type { RunRecordState } from './checkpoints/runState.js';
export { checkpointsSchema, type CheckpointsOptions } from './checkpoints/checkpointsOptions.js';
export { trainingSchema, type Evaluation, type TrainerOptions } from './trainingOptions.js';
export { Trainer, type TrainingResult } from './trainer.js';
export { createPcl, type CreatePclOptions } from './methods/pcl.js';
export { pclProblems, pclSchema, type PclOptions } from './methods/pclOptions.js';
export { createMoco, type CreateMocoOptions } from './methods/moco.js';
export { mocoSchema, type MocoOptions } from './methods/mocoOptions.js';
export { contrastProblems } from './methods/contrastOptions.js';
export {
  createSimclr,
  simclrSchema,
  type CreateSimclrOptions,
  type SimclrOptions,
} from './methods/simclr.js';
export { createDeepCluster, type CreateDeepClusterOptions } from './methods/deepCluster.js';
export {
  deepClusterProblems,
  deepClusterSchema,
  type DeepClusterOptions,
} from './methods/deepClusterOptions.js';
export { type OptionProblem, type SourceSize } from './methods/optionProblem.js';
