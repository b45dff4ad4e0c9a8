import { resolve } from 'node:path';

import { chooseAutomatic, isPending } from './automatic.js';
import { impossibleCombinations, recipeProblems, sizesFromConfig, type DataSizes } from './combinations.js';
import { mergeLayers, type ConfigLayer } from './layers.js';
import { ConfigError, defaultedPaths, originOf, problemsOf, requireSettings } from './problems.js';
import { configSchema, knownSettings, type Config, type OpenConfig } from './schema.js';

/** A configuration that can be run, and where each of its values comes from. */
export interface ResolvedConfig {
  readonly config: Config;
  /**
   * For the dotted path of every value: the name of its layer, or `default`; `auto for N images` where it was
   * `auto`, or `auto` as long as the images have not been looked at, when it is that for 50,000.
   */
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
  const open = withAbsolutePaths(parsed.data);
  const defaults = defaultedPaths(open, merged.origins).map((path) => [path, 'default'] as const);
  const origins = { ...Object.fromEntries(defaults), ...merged.origins };
  const { train: count } = sizesFromConfig(open);
  const resolved = chooseAutomatic(
    open,
    origins,
    count === undefined ? undefined : { count, hasClasses: true },
  );
  requirePossible(resolved);
  return resolved;
}

/**
 * Requires that settings go together, with as many images where that is known.
 *
 * @throws {ConfigError} `INVALID_CONFIG` with all that do not, and where they come from
 */
export function requirePossible({ config, origins }: ResolvedConfig, sizes?: DataSizes): void {
  // What is to be chosen by the images cannot be wrong before that.
  const isOpen = Object.keys(origins).some((path) => path !== 'data.classes' && isPending(origins[path]));
  const problems = isOpen ? recipeProblems(config) : impossibleCombinations(config, sizes);
  if (problems.length === 0) return;
  throw new ConfigError(
    problems.map((problem) => ({ ...problem, origin: originOf(problem.path, origins) ?? 'default' })),
  );
}

/** A run can be resumed from another folder than the one it was started in. */
function withAbsolutePaths(config: OpenConfig): OpenConfig {
  const { data } = config;
  if ('root' in data) return { ...config, data: { ...data, root: resolve(data.root) } };
  if (data.kind !== 'folder') return config;
  const { train, test } = data;
  return {
    ...config,
    data: { ...data, train: resolve(train), ...(test !== undefined && { test: resolve(test) }) },
  };
}
