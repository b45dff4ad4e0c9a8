import { requireKnownOptions } from '@protocl/core';

import { presetLayer } from '../presets/presets.js';
import { pipelineError } from '../errors.js';
import { readConfigFile } from './configFile.js';
import { resolveConfig, type ResolvedConfig } from './resolveConfig.js';
import type { ConfigLayer } from './layers.js';

/** Where a configuration comes from; later ones win over earlier ones. */
export interface ConfigSources {
  /** Name of a preset. A configuration file may name one itself, with the key `preset`. */
  readonly preset?: string;
  /** Path of a configuration file. */
  readonly file?: string;
  /** Single settings, such as those of flags. */
  readonly flags?: readonly ConfigLayer[];
}

/**
 * Puts a configuration together: defaults, the preset, the file, the flags.
 *
 * @throws {ConfigError} `INVALID_CONFIG`
 * @throws {ProtoclError} `CONFIG_FILE`, `UNKNOWN_NAME`, `UNKNOWN_OPTION`; `USAGE` if there is neither preset nor file
 */
export async function loadConfig(sources: ConfigSources): Promise<ResolvedConfig> {
  requireKnownOptions('loadConfig', sources, { preset: true, file: true, flags: true });
  const { preset, file, flags = [] } = sources;
  const layers: ConfigLayer[] = [];
  let presetName = preset;
  if (file !== undefined) {
    const { preset: named, ...values } = (await readConfigFile(file)).values;
    if (named !== undefined && typeof named !== 'string') {
      throw pipelineError('CONFIG_FILE', {
        message: `${file} names a preset that is not text`,
        given: named,
        expected: 'the name of a preset',
      });
    }
    presetName ??= named;
    layers.push({ origin: file, values });
  }
  if (presetName === undefined && file === undefined) {
    throw pipelineError('USAGE', {
      message: 'there is nothing to run',
      expected: 'a preset or a configuration file',
      remedy: 'Pass --preset NAME or --config FILE, such as --preset pcl-demo',
    });
  }
  if (presetName !== undefined) layers.unshift(presetLayer(presetName));
  return resolveConfig([...layers, ...flags]);
}
