import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { useBackend } from '@protocl/backend';
import { isProtoclError, ProtoclError } from '@protocl/core';
import {
  createEncoder,
  decodeSafetensors,
  describedEncoder,
  loadWeights,
  type Encoder,
} from '@protocl/encoders';

import { mergeLayers } from '../config/layers.js';
import { ConfigError, problemsOf, requireSettings } from '../config/problems.js';
import { configSchema, knownSettings } from '../config/schema.js';
import { augmentationSchema } from '../config/sections/augmentation.js';
import { encoderSchema } from '../config/sections/encoder.js';
import { isFileData } from '../config/sections/data.js';
import { recipeOf } from '../data/recipe.js';
import { pipelineError } from '../errors.js';
import { defined } from '../run/defined.js';
import { exists } from '../run/exists.js';
import { openCheckpoint, type OpenCheckpointOptions } from '../run/openCheckpoint.js';
import { preprocessingOf, readRecordedUse, type FeatureKind, type Preprocessing } from './preprocessing.js';

/** An encoder, and how images become its vectors. */
export interface OpenedSource {
  /** The caller disposes it. */
  readonly encoder: Encoder;
  readonly preprocessing: Preprocessing;
  readonly features: FeatureKind;
  /** Images that are encoded at once. */
  readonly batchSize: number;
  /** Pixels of the largest image that is decoded, where the run has a limit of its own. */
  readonly maxPixels?: number;
  /** The checkpoint or the file of weights, absolute. */
  readonly source: string;
}

/** The settings that an encoder's file alone has a use for. */
const fileSchema = configSchema.pick({ seed: true, evaluation: true, engine: true }).extend({
  // What the file does not say has no default: it would be wrong in silence.
  encoder: encoderSchema.optional(),
  augmentation: augmentationSchema.optional(),
});

/**
 * Starts the engine and opens an encoder: of a run, of a checkpoint, or of a file of weights alone.
 *
 * @param path the folder of a run, whose newest checkpoint it then is, or its `encoder.safetensors` where it has no
 *   checkpoint any more; a checkpoint; or weights with torchvision's names as safetensors
 * @throws {ConfigError} `INVALID_CONFIG`
 * @throws {ProtoclError} `ENCODER_NOT_DESCRIBED` if a file of weights does not say which encoder it is of or how
 *   its images were prepared, and `changes` do not either; what `openCheckpoint` and the encoders throw
 */
export async function openSource(path: string, options: OpenCheckpointOptions): Promise<OpenedSource> {
  try {
    return await ofCheckpoint(path, options);
  } catch (error) {
    if (isProtoclError(error, 'CHECKPOINT_FOREIGN')) return ofFile(resolve(path), options);
    // Checkpoints take much room, and the encoder outlives them.
    const own = join(resolve(path), 'encoder.safetensors');
    if (isProtoclError(error, 'NO_CHECKPOINT') && (await exists(own))) return ofFile(own, options);
    throw error;
  }
}

async function ofCheckpoint(path: string, options: OpenCheckpointOptions): Promise<OpenedSource> {
  const { encoder, config, checkpoint } = await openCheckpoint(path, options);
  const { augmentation, evaluation, data } = config;
  return {
    encoder,
    preprocessing: preprocessingOf(recipeOf(augmentation)),
    features: evaluation.features,
    batchSize: evaluation.batchSize,
    ...(isFileData(data) && { maxPixels: data.maxPixels }),
    source: checkpoint,
  };
}

async function ofFile(path: string, { changes = [], log }: OpenCheckpointOptions): Promise<OpenedSource> {
  const bytes = await readFile(path);
  const { recorded, described } = await withPath(path, () => {
    const { metadata } = decodeSafetensors(bytes);
    return { recorded: readRecordedUse(metadata, path), described: describedEncoder(metadata) };
  });
  const own = { encoder: described, evaluation: recorded.features && { features: recorded.features } };
  const settings = settingsOf([{ origin: path, values: defined(own) }, ...changes]);
  const { encoder: architecture, augmentation, evaluation, engine, seed } = settings;
  const { features, batchSize } = evaluation;
  const preprocessing = augmentation ? preprocessingOf(recipeOf(augmentation)) : recorded.preprocessing;
  if (architecture === undefined) throw notDescribed(path, 'which encoder its weights are of', ENCODER_FLAGS);
  if (preprocessing === undefined) {
    throw notDescribed(path, 'how images were prepared for its encoder', AUGMENTATION_FLAGS);
  }
  const { backend, ...others } = engine;
  await useBackend(backend, { ...defined(others), log: log ?? (() => undefined) });
  // The head, such as a classifier of ImageNet, has nothing to do with the backbone's features.
  const isBackbone = features === 'backbone';
  const head = isBackbone ? ({ kind: 'none' } as const) : architecture.head;
  const encoder = createEncoder({ ...architecture, head, seed });
  try {
    await withPath(path, () => loadWeights(encoder, bytes, { head: isBackbone ? 'skip' : 'load' }));
  } catch (error) {
    encoder.dispose();
    throw error;
  }
  return { encoder, preprocessing, features, batchSize, source: path };
}

type Layers = Parameters<typeof mergeLayers>[0];

function settingsOf(layers: Layers): ReturnType<typeof fileSchema.parse> {
  for (const layer of layers) requireSettings(layer);
  const merged = mergeLayers(layers);
  const parsed = fileSchema.safeParse(merged.values);
  if (parsed.success) return parsed.data;
  throw new ConfigError(problemsOf(parsed.error.issues, merged, knownSettings()));
}

const ENCODER_FLAGS = '--set encoder.architecture=resnet50 --set encoder.stem=imagenet';
const AUGMENTATION_FLAGS = '--set augmentation.recipe=mocoV2 --set augmentation.size=224';

function notDescribed(path: string, what: string, flags: string): Error {
  return pipelineError('ENCODER_NOT_DESCRIBED', {
    message: `a file of weights does not say ${what}`,
    given: path,
    expected: 'an encoder.safetensors that `protocl train` wrote',
    remedy: `Say it by settings, such as ${flags} (in code: changes), or name the folder of its run`,
  });
}

/** What the encoders say of bytes is said of their file. */
async function withPath<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isProtoclError(error) || error.message.includes(path)) throw error;
    throw new ProtoclError(error.code, { message: `${path}: ${error.message}`, cause: error });
  }
}
