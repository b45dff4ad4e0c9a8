import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { useBackend } from '@protocl/backend';
import type { OptionNames } from '@protocl/core';
import { createEncoder, loadEncoder, type Encoder } from '@protocl/encoders';
import { loadCheckpoint } from '@protocl/trainer';

import { resolveConfig } from '../config/resolveConfig.js';
import type { ConfigLayer } from '../config/layers.js';
import type { Config } from '../config/schema.js';
import { pipelineError } from '../errors.js';
import { defined } from './defined.js';
import { CHECKPOINT, RunFolder } from './runFolder.js';

/** A trained encoder and the configuration that it was trained with. */
export interface OpenedCheckpoint {
  /** The caller disposes it. */
  readonly encoder: Encoder;
  readonly config: Config;
  /** Absolute. */
  readonly checkpoint: string;
  /** Epochs that had been trained. */
  readonly epoch: number;
}

export interface OpenCheckpointOptions {
  /** Settings that differ from the checkpoint's, such as those of the engine or the evaluation. */
  readonly changes?: readonly ConfigLayer[];
  readonly log?: (line: string) => void;
}

export const OPEN_CHECKPOINT_OPTIONS: OptionNames<OpenCheckpointOptions> = { changes: true, log: true };

/**
 * Starts the engine and loads the encoder of a checkpoint.
 *
 * @param path a checkpoint, or the folder of a run, whose newest checkpoint it then is
 * @throws {ConfigError} `INVALID_CONFIG`
 * @throws {ProtoclError} `NO_CHECKPOINT` if the folder has none; what trainer and encoders throw
 */
export async function openCheckpoint(
  path: string,
  options: OpenCheckpointOptions = {},
): Promise<OpenedCheckpoint> {
  const { changes = [], log } = options;
  const checkpoint = await checkpointAt(path);
  // Verifies that the file is whole, too.
  const { config: stored, epoch } = await loadCheckpoint(checkpoint);
  const layer = { origin: checkpoint, values: stored as ConfigLayer['values'] };
  const { config } = resolveConfig([layer, ...changes]);
  const { backend, ...settings } = config.engine;
  await useBackend(backend, { ...defined(settings), log: log ?? (() => undefined) });
  return { encoder: await encoderAt(checkpoint, config), config, checkpoint, epoch };
}

/**
 * Loads the encoder of a checkpoint on the running engine.
 *
 * @returns a copy of its own, which the caller disposes
 * @throws {ProtoclError} what the encoders throw
 */
export async function encoderAt(
  checkpoint: string,
  { encoder: options, seed }: Pick<Config, 'encoder' | 'seed'>,
): Promise<Encoder> {
  const encoder = createEncoder({ ...options, seed });
  try {
    await loadEncoder(encoder, checkpoint, { prefix: 'method/encoder/' });
  } catch (error) {
    encoder.dispose();
    throw error;
  }
  return encoder;
}

async function checkpointAt(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
  if (!isFolder) return resolve(path);
  const { checkpoints } = await RunFolder.open(path);
  const names = await readdir(checkpoints).catch(() => []);
  // The numbers in their names have a fixed width, and a step comes after the end of its epoch's name.
  const [newest] = names
    .filter((name) => CHECKPOINT.test(name))
    .map((name) => ({ name, order: name.replace('.safetensors', '') }))
    .sort((a, b) => (a.order < b.order ? 1 : -1));
  if (newest) return join(checkpoints, newest.name);
  throw pipelineError('NO_CHECKPOINT', {
    message: 'this run has no checkpoint yet',
    given: checkpoints,
    expected: 'at least one',
    remedy: 'Train for longer, or name a checkpoint file',
  });
}
