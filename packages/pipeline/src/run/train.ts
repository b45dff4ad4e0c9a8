import { useBackend } from '@protocl/backend';
import { isProtoclError, requireKnownOptions, type OptionNames } from '@protocl/core';
import { createEncoder, saveEncoder } from '@protocl/encoders';
import {
  optimizerOf,
  scheduleOf,
  Trainer,
  type Evaluation,
  type JsonValue,
  type Method,
  type TrainingResult,
} from '@protocl/trainer';

import { choicesInWords, chosenAgain, isAutomatic } from '../config/automatic.js';
import { methodOf } from '../config/methodOf.js';
import { requirePossible, type ResolvedConfig } from '../config/resolveConfig.js';
import type { Config } from '../config/schema.js';
import { loadData, type GivenImages } from '../data/loadData.js';
import { recipeOf } from '../data/recipe.js';
import type { DataDigests } from '../data/dataDigests.js';
import type { RunData } from '../data/runData.js';
import { preprocessingOf, recordedUse } from '../encoder/preprocessing.js';
import { pipelineError } from '../errors.js';
import { memoryInWords, requireMemoryFor } from '../memory/requireMemoryFor.js';
import { evaluateEncoder } from '../evaluation/evaluateEncoder.js';
import { calledAs, shellWord } from './calledAs.js';
import { defined } from './defined.js';
import { removeLeftovers } from './folderLeftovers.js';
import { withFolderLocked } from './folderLock.js';
import { lookAtImages, sizesOfGiven } from './lookAtImages.js';
import { prototypePurity, type GranularityPurity } from './prototypePurity.js';
import type { Output } from './progress.js';
import { resumeDifferences } from './resumeDifferences.js';
import { RunFolder } from './runFolder.js';
import { RunRecord } from './runRecord.js';
import { evaluationInterval, isProbed } from './stages.js';
import { stageScores, type RunSummary } from './summary.js';
import { unlessStopped } from './unlessStopped.js';

const STOPPED_EARLY = 'the run was stopped before it began to train';

export interface RunOptions {
  /** Images in memory, in place of those that the configuration names. */
  readonly images?: GivenImages;
  /** Asks the run to come to an orderly end: after the step that it is at, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Where progress is shown; nowhere by default. */
  readonly output?: Output;
  /** The command that trains, to tell how to resume; by default `protocl train` as it works here, such as `npx protocl train`. */
  readonly trainCommand?: string;
}

export interface TrainOptions extends RunOptions {
  /** Where the run is written; a new folder in `runs` by default. */
  readonly folder?: string;
}

const RUN_OPTIONS: OptionNames<RunOptions> = { images: true, signal: true, output: true, trainCommand: true };

/**
 * Trains an encoder as a configuration says, and writes the run's folder: `config.json`, `log.jsonl`,
 * `metrics.json`, `checkpoints`, `encoder.safetensors` and `summary.json`.
 *
 * The engine is left running; no tensor of the run is kept.
 *
 * @returns what `summary.json` holds; `stopped` if the signal asked for it
 * @throws {ConfigError} `INVALID_CONFIG` if the configuration does not fit the images
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `RUN_FOLDER`, `FOLDER_IN_USE`, `DATA_MISMATCH`; `INTERRUPTED` if stopped before
 *   the first step; what the engine, the data, the trainer or the disk throw. The last checkpoint then stays good.
 */
export async function train(given: ResolvedConfig, options: TrainOptions = {}): Promise<RunSummary> {
  requireKnownOptions('train', options, { ...RUN_OPTIONS, folder: true });
  const { folder: path, images, ...rest } = options;
  const resolved = images ? forGiven(given, images) : given;
  const place = path ?? (await RunFolder.place(resolved));
  return withFolderLocked(place, 'run', async () => {
    const folder = await RunFolder.prepare(place);
    return run(folder, resolved, { ...rest, ...(images && { images }), resume: false });
  });
}

/** The configuration for images in memory; refused before a folder is made for a run that cannot be. */
function forGiven(given: ResolvedConfig, images: GivenImages): ResolvedConfig {
  const sizes = sizesOfGiven(images, given.config);
  // Not for as many as the data set has that they stand in for.
  const resolved = chosenAgain(given, { count: sizes.train!, hasClasses: true }, isAutomatic);
  requirePossible(resolved, sizes);
  return resolved;
}

/**
 * Goes on with a run from its newest whole checkpoint, with the images and the configuration that it was
 * started with; it ends as if it had never been interrupted.
 *
 * @param path of the run's folder; by default that of the run in `runs` that wrote a checkpoint last and can be resumed
 * @throws as {@link train}; `CHECKPOINT_MISMATCH` that names what differs if the images or settings are
 *   others; `CHECKPOINT_NONE_USABLE` if there are checkpoints and none of them is whole; `NO_CHECKPOINT` if there are
 *   results alone
 */
export async function resume(path?: string, options: RunOptions = {}): Promise<RunSummary> {
  requireKnownOptions('resume', options, RUN_OPTIONS);
  const passedOver: string[] = [];
  const folder =
    path === undefined
      ? await RunFolder.newest(undefined, (line) => passedOver.push(line))
      : await RunFolder.open(path);
  const resolved = await folder.readConfig();
  return withFolderLocked(folder.path, 'run', async () => {
    if ((await folder.hasResults()) && !(await folder.hasCheckpoint())) {
      throw pipelineError('NO_CHECKPOINT', {
        message: 'the checkpoints of this run are gone, and it would begin anew in the place of its results',
        given: folder.checkpoints,
        expected: 'at least one',
        remedy: 'Start a new run in another folder',
      });
    }
    return run(folder, resolved, { ...options, resume: true, notes: passedOver });
  });
}

async function run(
  folder: RunFolder,
  given: ResolvedConfig,
  options: RunOptions & { readonly resume: boolean; readonly notes?: readonly string[] },
): Promise<RunSummary> {
  const {
    images,
    signal,
    output,
    resume: resumes,
    notes = [],
    trainCommand = `${calledAs()} train`,
  } = options;
  const begun = performance.now();
  await removeLeftovers(folder.path);
  const record = new RunRecord(folder, output);
  try {
    record.note({ type: 'run', config: given.config.name, resumes, node: process.version, pid: process.pid });
    const say = (line: string) => record.say(line);
    for (const line of notes) say(line);
    say(`run folder ${folder.path}`);
    const { backend: name, ...settings } = given.config.engine;
    const backend = await useBackend(name, { ...defined(settings), log: say });
    const common = { ...(images && { images }), ...(signal && { signal }) };
    const seen = await unlessStopped(signal, STOPPED_EARLY, () => lookAtImages(given, common));
    const { resolved, folders } = seen;
    const { config } = resolved;
    const isNew = !resumes || seen.isChosen;
    const choices = choicesInWords(resolved);
    if (isNew && choices !== undefined) say(choices);
    requireMemoryFor('this run', config, seen.sizes, backend);
    if (isNew) say(memoryInWords(config, seen.sizes));
    const data = await unlessStopped(signal, STOPPED_EARLY, () =>
      loadData(config, {
        log: say,
        onSkipped: (entry) => record.note({ type: 'skipped', ...entry }),
        ...common,
        ...(folders && { folders }),
      }),
    );
    try {
      const digests = await unlessStopped(signal, STOPPED_EARLY, () => data.digests(signal));
      // Only now, so that a start that fails before leaves nothing in the way of the next one.
      if (isNew) await folder.writeConfig(resolved);
      const trained = await trainOn(data, folder, config, record, { resumes, signal, digests });
      await record.finish();
      const { metrics, imagesPerSecond } = record;
      const summary: RunSummary = {
        status: trained.result.status,
        folder: folder.path,
        checkpoint: trained.result.checkpoint ?? null,
        epochs: trained.result.epoch,
        knn: stageScores('knn', metrics, config),
        linear: stageScores('linear', metrics, config),
        purity: trained.purities?.[0]?.purity ?? null,
        purities: trained.purities ?? [],
        skipped: data.skipped(),
        imagesPerSecond,
        minutes: (performance.now() - begun) / 60_000,
        // In kilobytes on every platform.
        peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
        backend: `${backend.name} on ${backend.device}`,
        seed: config.seed,
      };
      await folder.writeSummary(summary);
      return summary;
    } finally {
      await data.close();
    }
  } catch (error) {
    record.failure(error);
    if (!isProtoclError(error, 'CHECKPOINT_MISMATCH') && (await folder.hasCheckpoint()))
      record.advise(`the run can be resumed: ${trainCommand} --resume ${shellWord(folder.path)}`);
    throw error;
  } finally {
    record.close();
  }
}

interface TrainOnOptions {
  readonly resumes: boolean;
  readonly signal: AbortSignal | undefined;
  readonly digests: DataDigests;
}

interface Trained {
  readonly result: TrainingResult;
  readonly purities: readonly GranularityPurity[] | null;
}

async function trainOn(
  data: RunData,
  folder: RunFolder,
  config: Config,
  record: RunRecord,
  { resumes, signal, digests }: TrainOnOptions,
): Promise<Trained> {
  const { seed, training, checkpoints, optimizer, schedule } = config;
  const { batchSize, ...trainerOptions } = training;
  const encoder = createEncoder({ ...config.encoder, seed });
  let method: Method | undefined;
  try {
    method = methodOf(config, { encoder, source: data.source });
    const evaluation = evaluationOf(data, config, (line) => record.say(line));
    const trainer = new Trainer({
      method,
      source: data.source,
      optimizer: optimizerOf(optimizer),
      schedule: scheduleOf(schedule),
      ...trainerOptions,
      checkpoints: { folder: folder.checkpoints, ...checkpoints },
      resume: resumes,
      // What zod has parsed from JSON is JSON.
      config: config as unknown as JsonValue,
      configDifferences: (stored) => resumeDifferences(stored, config),
      data: { ...digests },
      record: record.state,
      onEvent: (event) => record.event(event, batchSize),
      ...(evaluation && { evaluation }),
      ...(signal && { signal }),
    });
    const result = await trainer.run();
    await saveEncoder(encoder, folder.encoder, {
      metadata: recordedUse({
        preprocessing: preprocessingOf(recipeOf(config.augmentation)),
        features: config.evaluation.features,
      }),
    });
    return { result, purities: await prototypePurity(method, data.labels) };
  } finally {
    method?.dispose();
    encoder.dispose();
  }
}

/** How the encoder is judged on the way; not at all without held-out images and their classes. */
function evaluationOf(
  { train: known, test }: RunData,
  config: Config,
  say: (line: string) => void,
): Evaluation | undefined {
  if (test?.labels === undefined || known.labels === undefined) return undefined;
  const { evaluation } = config;
  return {
    everyEpochs: evaluationInterval(config),
    atStart: evaluation.atStart,
    run: async (epoch, { encoder }) => {
      const linear = isProbed(epoch, config);
      const options = { train: known, test, config: evaluation, linear, onFailure: say };
      return { ...(await evaluateEncoder(encoder, options)) };
    },
  };
}
