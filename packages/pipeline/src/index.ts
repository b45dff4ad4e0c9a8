export { loadConfig, type ConfigSources } from './config/loadConfig.js';
export { methodOf, type MethodParts } from './config/methodOf.js';
export { resolveConfig, type ResolvedConfig } from './config/resolveConfig.js';
export { configJsonSchema, configSchema, type Config, type ConfigInput } from './config/schema.js';
export { ConfigError, type ConfigProblem } from './config/problems.js';
export { type ConfigLayer } from './config/layers.js';
export { grids, presets } from './presets/presets.js';
export { runCommandLine } from './cli/runCommandLine.js';
export { type Terminal } from './cli/terminal.js';
export { type PipelineError, type PipelineErrorCode } from './errors.js';
export { resume, train, type RunOptions, type TrainOptions } from './run/train.js';
export { type RunSummary, type StageScores } from './run/summary.js';
export { type Metrics } from './run/metrics.js';
export { type Output } from './run/progress.js';
export { evaluate, type EvaluateOptions, type FeatureScores } from './commands/evaluate.js';
export { embed, type Embedding, type EmbedOptions } from './commands/embed.js';
export { embedImages, type EmbeddedImages, type EmbedImagesOptions } from './commands/embedImages.js';
export {
  openEncoder,
  type EncodedVectors,
  type ImageEncoder,
  type OpenEncoderOptions,
} from './encoder/openEncoder.js';
export { type ImageInput, type ImagesInput, type Pixels } from './encoder/imageInput.js';
export { type FeatureKind, type Preprocessing } from './encoder/preprocessing.js';
export { report, type ReportFiles, type ReportOptions } from './commands/report.js';
export {
  compare,
  plannedRuns,
  type ComparedFiles,
  type CompareOptions,
  type FailedRun,
  type PlanningOptions,
} from './compare/compare.js';
export { type ArmComparison, type ComparedRun, type Comparison } from './compare/comparison.js';
export { type GridInput } from './compare/gridSchema.js';
export { type Spread } from './compare/spread.js';
export { cluster, type Clustering, type ClusterOptions } from './commands/cluster.js';
export { loadData, type GivenImages, type LoadDataOptions } from './data/loadData.js';
export { recipeOf } from './data/recipe.js';
export { type LabelledImages, type RunData } from './data/runData.js';
