import { Option, type Command } from 'commander';

import type { ConfigSources } from '../config/loadConfig.js';
import { layerAt, readSetFlag } from '../config/setFlag.js';
import { presets } from '../presets/presets.js';
import { pipelineError } from '../errors.js';
import type { ConfigLayer } from '../config/layers.js';

/** What the flags that make up a configuration were set to. */
export interface ConfigFlags {
  readonly preset?: string;
  readonly config?: string;
  readonly images?: string;
  readonly set?: readonly string[];
  readonly epochs?: string;
  readonly batchSize?: string;
  readonly seed?: string;
  readonly backend?: string;
  readonly device?: string;
  readonly threads?: string;
}

/** The flags that stand for one setting each. */
const SHORTHANDS = {
  epochs: { flag: '--epochs', keys: ['training', 'epochs'], isNumber: true },
  batchSize: { flag: '--batch-size', keys: ['training', 'batchSize'], isNumber: true },
  seed: { flag: '--seed', keys: ['seed'], isNumber: true },
  backend: { flag: '--backend', keys: ['engine', 'backend'], isNumber: false },
  device: { flag: '--device', keys: ['engine', 'device'], isNumber: false },
  threads: { flag: '--threads', keys: ['engine', 'threads'], isNumber: true },
} as const;

/** Gives a command the flags that make up a configuration. */
export function withConfigFlags(command: Command): Command {
  return command
    .addOption(new Option('--preset <name>', `one of ${Object.keys(presets).join(', ')}`))
    .option('--config <file>', 'configuration file: JSON, YAML, TypeScript or JavaScript')
    .option('--images <folder>', 'data.train of data.kind=folder: your own images')
    .option('--set <key=value>', 'one setting, such as method.temperature=0.1; may be repeated', collected)
    .option('--epochs <n>', 'training.epochs')
    .option('--batch-size <n>', 'training.batchSize')
    .option('--seed <n>', 'seed')
    .option('--backend <name>', 'engine.backend')
    .option('--device <name>', 'engine.device')
    .option('--threads <n>', 'engine.threads');
}

/** The sources that such flags describe; `--set` wins over the flags of single settings. */
export function sourcesFrom(flags: ConfigFlags): ConfigSources {
  return {
    ...(flags.preset !== undefined && { preset: flags.preset }),
    ...(flags.config !== undefined && { file: flags.config }),
    flags: flagLayers(flags),
  };
}

/** The single settings among such flags. */
export function flagLayers(flags: ConfigFlags): ConfigLayer[] {
  const shorthands = Object.entries(SHORTHANDS).flatMap(([name, { flag, keys, isNumber }]) => {
    const text = flags[name as keyof typeof SHORTHANDS];
    if (text === undefined) return [];
    return [layerAt(keys, isNumber ? numberFrom(flag, text) : text, flag)];
  });
  const { images } = flags;
  const values = { data: { kind: 'folder', train: images } };
  const folder = images === undefined ? [] : [{ origin: '--images', values }];
  return [...folder, ...shorthands, ...kindsFirst(flags.set ?? []).map(readSetFlag)];
}

/**
 * The flags that say of what kind something is before those of what this kind has: a kind replaces all settings of
 * another one, and the order of flags should not matter.
 */
function kindsFirst(flags: readonly string[]): string[] {
  const isKind = (flag: string) => /^[^=]*\.kind=/.test(flag);
  return [...flags.filter(isKind), ...flags.filter((flag) => !isKind(flag))];
}

/** @throws {ProtoclError} `USAGE` unless the text is a number */
function numberFrom(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw pipelineError('USAGE', { message: `${flag} is no number`, given: text, expected: 'a number' });
}

/** Gathers the values of a flag that may be repeated. */
export function collected(value: string, before: string[] = []): string[] {
  return [...before, value];
}
