export { loadConfig, type ConfigSources } from './config/loadConfig.js';
export { resolveConfig, type ResolvedConfig } from './config/resolveConfig.js';
export { configJsonSchema, configSchema, type Config, type ConfigInput } from './config/schema.js';
export { ConfigError, type ConfigProblem } from './config/problems.js';
export { type ConfigLayer } from './config/layers.js';
export { presets } from './presets/presets.js';
export { type PipelineError, type PipelineErrorCode } from './errors.js';
export { knnAccuracy, type KnnOptions, type LabelledFeatures } from './evaluation/knnAccuracy.js';
export { linearProbe, type LinearProbeOptions, type LinearProbeResult } from './evaluation/linearProbe.js';
