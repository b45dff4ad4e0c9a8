import type { JsonValue } from '@protocl/trainer';

import { differenceInWords, differences, JUDGING } from '../config/differences.js';
import { isPlainObject } from '../config/layers.js';
import { resolveConfig } from '../config/resolveConfig.js';
import type { Config } from '../config/schema.js';

/**
 * What may differ when a run goes on, with all that is below: its name, what computes and with how many
 * threads, where the images are (what they are is compared by themselves), which checkpoints stay, and how
 * the encoder is judged afterwards.
 */
const MAY_DIFFER = [
  'name',
  'engine',
  'data.train',
  'data.test',
  'data.root',
  'data.workers',
  'data.prefetch',
  'data.maxCorruptShare',
  'checkpoints.everyEpochs',
  'checkpoints.everySteps',
  'checkpoints.keepLast',
  'checkpoints.keepEveryEpochs',
  ...JUDGING.map((name) => `evaluation.${name}`),
];

/**
 * In what the configuration of a checkpoint differs from that of the run which is to go on from it, a
 * line for each setting that may not differ.
 *
 * @throws {ConfigError} `INVALID_CONFIG` if this version does not understand the checkpoint's
 */
export function resumeDifferences(stored: JsonValue, config: Config): string[] {
  if (!isPlainObject(stored)) return ['the checkpoint has no configuration'];
  // What has been added to the configuration since has its default in both.
  const before = resolveConfig([{ origin: 'the checkpoint', values: stored }]).config;
  const may = new Set(MAY_DIFFER);
  // Over a cosine, the rates of what has been trained depend on how long the run is.
  if (before.schedule.kind !== 'cosine' && config.schedule.kind !== 'cosine') may.add('training.epochs');
  const isIncidental = (path: string) =>
    path.split('.').some((_, index, keys) => may.has(keys.slice(0, index + 1).join('.')));
  return differences(before, config, isIncidental).map(differenceInWords);
}
