import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { serializeError, type WrittenFile } from '@protocl/core';

import { trainerError } from '../errors.js';
import type { CheckpointRejectedEvent } from '../events.js';
import { loadCheckpoint, saveCheckpoint, type Checkpoint } from './checkpoint.js';
import type { ParsedCheckpoints } from './checkpointsOptions.js';
import { checkpointName, furthestFirst, namesToRemove } from './retention.js';

/** What a process that was killed within a write leaves behind. */
const ABANDONED = /^\.epoch-.*\.safetensors\..*\.tmp$/;

/** The checkpoints of one run. Nothing is read or written yet. */
export function openCheckpointFolder(options: ParsedCheckpoints): CheckpointFolder {
  return new CheckpointFolder(options);
}

/** The checkpoints of one run. No other process may write there. */
export class CheckpointFolder {
  readonly #folder: string;
  readonly #options: ParsedCheckpoints;

  constructor(options: ParsedCheckpoints) {
    this.#options = options;
    this.#folder = resolve(options.folder);
  }

  /**
   * Makes the folder ready for a new run.
   *
   * @throws {ProtoclError} `CHECKPOINT_FOLDER_IN_USE` if it holds checkpoints
   */
  async begin(): Promise<void> {
    const names = await this.#names();
    await this.#removeAbandoned(names);
    const [newest] = furthestFirst(names);
    if (newest === undefined) return;
    throw trainerError('CHECKPOINT_FOLDER_IN_USE', {
      message: 'a new run would mix its checkpoints with those of another',
      given: join(this.#folder, newest),
      expected: 'a folder without checkpoints',
      remedy: 'Resume that run, or choose another folder',
    });
  }

  /**
   * Restores the newest checkpoint that is whole.
   *
   * @param restore takes the checkpoint over, or throws if it does not fit
   * @param onRejected is told of each that could not be read
   * @returns the path of the one that was taken; nothing where there is none at all
   * @throws {ProtoclError} `CHECKPOINT_NONE_USABLE` if there are some and none can be read; what
   *   `restore` throws
   */
  async resume(
    restore: (checkpoint: Checkpoint) => void,
    onRejected: (event: CheckpointRejectedEvent) => void,
  ): Promise<string | undefined> {
    const names = await this.#names();
    await this.#removeAbandoned(names);
    const errors: unknown[] = [];
    for (const name of furthestFirst(names)) {
      const path = join(this.#folder, name);
      let checkpoint: Checkpoint;
      try {
        checkpoint = await loadCheckpoint(path);
      } catch (error) {
        errors.push(error);
        onRejected({ type: 'checkpointRejected', path, error: serializeError(error) });
        continue;
      }
      restore(checkpoint);
      return path;
    }
    if (errors.length === 0) return undefined;
    throw trainerError('CHECKPOINT_NONE_USABLE', {
      message: `none of the ${errors.length} checkpoints in a folder can be used`,
      given: this.#folder,
      expected: 'at least one that is whole',
      remedy: 'Move them away to begin anew',
      cause: errors[0],
    });
  }

  /** Writes a checkpoint, then removes those that the policy does not keep. */
  async save(checkpoint: Checkpoint): Promise<WrittenFile> {
    const name = checkpointName(checkpoint);
    await mkdir(this.#folder, { recursive: true });
    const written = await saveCheckpoint(join(this.#folder, name), checkpoint);
    const removed = namesToRemove(await this.#names(), name, checkpoint.best?.file, this.#options);
    for (const old of removed) await rm(join(this.#folder, old), { force: true });
    return written;
  }

  async #removeAbandoned(names: readonly string[]): Promise<void> {
    for (const name of names.filter((other) => ABANDONED.test(other))) {
      await rm(join(this.#folder, name), { force: true });
    }
  }

  async #names(): Promise<string[]> {
    return readdir(this.#folder).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    });
  }
}
