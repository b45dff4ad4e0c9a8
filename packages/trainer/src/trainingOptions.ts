import { requireKnownOptions, type OptionNames } from '@protocl/core';
import { z } from 'zod';

import {
  checkpointsSchema,
  type CheckpointsOptions,
  type ParsedCheckpoints,
} from './checkpoints/checkpointsOptions.js';
import type { ConfigDifferences } from './checkpoints/runIdentity.js';
import type { RunRecordState } from './checkpoints/runState.js';
import { trainerError } from './errors.js';
import type { TrainingEvent } from './events.js';
import type { Figures, Method } from './method.js';
import type { OptimizerFactory } from './optimizers/optimizer.js';
import type { Schedule } from './schedules/schedule.js';
import type { TrainingSource } from './source.js';
import { namesOf, parseOptions } from './parseOptions.js';
import type { JsonValue } from './state.js';

/** The part of a training's options that is plain data. */
export const trainingSchema = z.strictObject({
  epochs: z.int().positive(),
  /** Batches whose mean gradient makes one update of the weights. */
  accumulate: z.int().positive().default(1),
  /** Losses and figures are read from the device, and told, every so many steps. */
  readEvery: z.int().positive().default(10),
});

/** How the encoder is looked at in between. */
export interface Evaluation {
  /** After every so many epochs, and after the last. */
  readonly everyEpochs: number;
  /** Whether also before the first epoch. */
  readonly atStart?: boolean;
  /**
   * Measures the method's encoder and leaves it as it is.
   *
   * @param epoch epochs that have been trained
   */
  readonly run: (epoch: number, method: Method) => Promise<Figures>;
}

export interface TrainerOptions extends z.input<typeof trainingSchema> {
  /** Stays the caller's to dispose. */
  readonly method: Method;
  readonly source: TrainingSource;
  readonly optimizer: OptimizerFactory;
  readonly schedule: Schedule;
  /** No checkpoints by default. */
  readonly checkpoints?: CheckpointsOptions;
  /** Whether to go on from the newest whole checkpoint, if there is one; false by default. */
  readonly resume?: boolean;
  readonly evaluation?: Evaluation;
  /** Goes into every checkpoint, for whoever opens it later. */
  readonly config?: JsonValue;
  /**
   * In what the configuration of a checkpoint differs from this run's, where it may not; a run goes on
   * only if it differs in nothing. Configurations are not compared by default.
   */
  readonly configDifferences?: ConfigDifferences;
  /**
   * What the source's images are: plain data such as their number, names, sizes and digests, which goes
   * into every checkpoint. A run goes on only with the same.
   */
  readonly data?: JsonValue;
  /** What the caller takes down of the run: saved in every checkpoint, and restored from it. */
  readonly record?: RunRecordState;
  readonly onEvent?: (event: TrainingEvent) => void;
  /** Stops the run after the step that it is at, with a checkpoint. */
  readonly signal?: AbortSignal;
}

const OPTIONS: OptionNames<TrainerOptions> = {
  ...namesOf(trainingSchema),
  method: true,
  source: true,
  optimizer: true,
  schedule: true,
  checkpoints: true,
  resume: true,
  evaluation: true,
  config: true,
  configDifferences: true,
  data: true,
  record: true,
  onEvent: true,
  signal: true,
};

/** Options with defaults filled in. */
export interface ParsedTraining extends z.output<typeof trainingSchema> {
  readonly checkpoints: ParsedCheckpoints | undefined;
}

/**
 * Checks options before anything starts.
 *
 * @throws {ProtoclError} `UNKNOWN_OPTION`; `INVALID_OPTION` for the first one that cannot work
 */
export function parseTraining(options: TrainerOptions): ParsedTraining {
  requireKnownOptions('Trainer', options, OPTIONS);
  const { epochs, accumulate, readEvery, checkpoints, evaluation, source } = options;
  requireKnownOptions('Trainer.evaluation', evaluation, { everyEpochs: true, atStart: true, run: true });
  const training = parseOptions('Trainer', trainingSchema, { epochs, accumulate, readEvery });
  const parsedCheckpoints =
    checkpoints && parseOptions('Trainer.checkpoints', checkpointsSchema, checkpoints);
  const { size, batchSize, stepsPerEpoch } = source;
  requireCount('source.batchSize', batchSize, size, 'the images in the data set');
  requireCount('source.stepsPerEpoch', stepsPerEpoch, Infinity, '');
  if (evaluation) requireCount('evaluation.everyEpochs', evaluation.everyEpochs, Infinity, '');
  if (parsedCheckpoints?.best && !evaluation) {
    throw trainerError('INVALID_OPTION', {
      message: 'the best checkpoint is told by a metric, and nothing is evaluated',
      given: `checkpoints.best.metric ${parsedCheckpoints.best.metric}`,
      expected: 'an evaluation that gives this metric',
      remedy: 'Pass an evaluation, or leave checkpoints.best out',
    });
  }
  if (options.resume === true && !parsedCheckpoints) {
    throw trainerError('INVALID_OPTION', {
      message: 'there is no folder to resume from',
      given: 'resume without checkpoints',
      expected: 'checkpoints.folder',
      remedy: 'Pass the folder of the run’s checkpoints',
    });
  }
  return { ...training, checkpoints: parsedCheckpoints };
}

function requireCount(name: string, value: number, most: number, what: string): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw trainerError('INVALID_OPTION', {
    message: `${name} is out of range`,
    given: value,
    expected: most === Infinity ? 'an integer of at least 1' : `an integer in 1 .. ${most}, ${what}`,
    remedy: `Change ${name}`,
  });
}
