import { resolve } from 'node:path';

import { impossibleCombinations } from './combinations.js';
import { mergeLayers, type ConfigLayer } from './layers.js';
import { ConfigError, defaultedPaths, originOf, problemsOf, requireSettings } from './problems.js';
import { configSchema, knownSettings, type Config } from './schema.js';

/** A configuration that can be run, and where each of its values comes from. */
export interface ResolvedConfig {
  readonly config: Config;
  /** For the dotted path of every value: the name of its layer, or `default`. */
  readonly origins: Readonly<Record<string, string>>;
}

/**
 * Lays configurations over each other and checks the result, without reading any image.
 *
 * @param layers the lowest first; defaults lie below all
 * @throws {ConfigError} `INVALID_CONFIG`, with everything that is wrong: unknown keys, wrong values,
 *   settings that exclude each other
 */
export function resolveConfig(layers: readonly ConfigLayer[]): ResolvedConfig {
  for (const layer of layers) requireSettings(layer);
  const merged = mergeLayers(layers);
  const parsed = configSchema.safeParse(merged.values);
  if (!parsed.success) throw new ConfigError(problemsOf(parsed.error.issues, merged, knownSettings()));
  const config = withAbsolutePaths(parsed.data);
  const problems = impossibleCombinations(config);
  if (problems.length > 0) {
    throw new ConfigError(
      problems.map((problem) => {
        const origin = originOf(problem.path, merged.origins) ?? 'default';
        return { ...problem, origin };
      }),
    );
  }
  const defaults = defaultedPaths(config, merged.origins).map((path) => [path, 'default'] as const);
  return { config, origins: { ...Object.fromEntries(defaults), ...merged.origins } };
}

/** A run can be resumed from another folder than the one it was started in. */
function withAbsolutePaths(config: Config): Config {
  const { data } = config;
  if ('root' in data) return { ...config, data: { ...data, root: resolve(data.root) } };
  if (data.kind !== 'folder') return config;
  const { train, test } = data;
  return {
    ...config,
    data: { ...data, train: resolve(train), ...(test !== undefined && { test: resolve(test) }) },
  };
}
