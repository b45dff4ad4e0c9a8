import { requireKnownOptions, type OptionNames } from '@protocl/core';
import { loadCifar10, loadFashionMnist, type ImageDataset } from '@protocl/datasets';

import { impossibleCombinations } from '../config/combinations.js';
import { ConfigError } from '../config/problems.js';
import type { Config } from '../config/schema.js';
import { isFileData } from '../config/sections/data.js';
import { pipelineError } from '../errors.js';
import { folderData } from './folderData.js';
import { firstImages, memoryData } from './memoryData.js';
import { openFolders, type ImageFolders } from './openFolders.js';
import { recipeOf } from './recipe.js';
import { requireSameClasses } from './requireSameClasses.js';
import type { RunData } from './runData.js';
import { SkippedCounter, type SkippedImage } from './skippedImages.js';

/** Images in memory that take the place of those that a configuration names. */
export interface GivenImages {
  readonly train: ImageDataset;
  /** Held out. */
  readonly test?: ImageDataset;
}

export interface LoadDataOptions {
  readonly images?: GivenImages;
  /** The folders that the configuration names, where they have been opened already. */
  readonly folders?: ImageFolders;
  /** Receives a line at a time. */
  readonly log?: (line: string) => void;
  /** Told of each image of a folder that is left out, once. */
  readonly onSkipped?: (image: SkippedImage) => void;
  readonly signal?: AbortSignal;
}

const OPTIONS: OptionNames<LoadDataOptions> = {
  images: true,
  folders: true,
  log: true,
  onSkipped: true,
  signal: true,
};

/**
 * Loads the images of a run, or opens their folders.
 *
 * @throws {ConfigError} `INVALID_CONFIG` if the configuration is impossible with so many images
 * @throws {ProtoclError} `DATA_MISMATCH` if the images are no colour images or do not fit each other;
 *   what the data sets throw
 */
export async function loadData(config: Config, options: LoadDataOptions = {}): Promise<RunData> {
  requireKnownOptions('loadData', options, OPTIONS);
  const { data, augmentation, evaluation, training, seed } = config;
  const { trainLimit, testLimit } = evaluation;
  const common = {
    recipe: recipeOf(augmentation),
    seed,
    batchSize: training.batchSize,
    plainBatchSize: evaluation.batchSize,
    ...(trainLimit !== undefined && { trainLimit }),
    ...(testLimit !== undefined && { testLimit }),
  };
  if (options.images === undefined && isFileData(data)) {
    const { signal, onSkipped } = options;
    const folders = options.folders ?? (await openFolders(data, signal && { signal }));
    const { train, test } = folders;
    requirePossible(config, train.files.length, test?.files.length);
    requireSameClasses(train.classNames, test?.classNames);
    const counter = new SkippedCounter(options.log ?? (() => undefined), onSkipped ?? (() => undefined));
    for (const entry of train.skipped) counter.add({ split: 'train', ...entry });
    for (const entry of test?.skipped ?? []) counter.add({ split: 'test', ...entry });
    return folderData(folders, {
      ...common,
      maxCorruptShare: data.maxCorruptShare,
      ...(data.workers !== undefined && { workers: data.workers }),
      ...(data.prefetch !== undefined && { prefetch: data.prefetch }),
      skipped: counter,
    });
  }
  const { train, test } = options.images ?? (await loadNamed(data.kind, options));
  const limits = isFileData(data) ? { limit: undefined, testLimit: undefined } : data;
  const chosen = [firstImages(train, limits.limit), test && firstImages(test, limits.testLimit)] as const;
  requirePossible(config, chosen[0].shape[0], chosen[1]?.shape[0]);
  for (const dataset of chosen) if (dataset) requireColour(dataset);
  requireSameClasses(train.classNames, test?.classNames);
  return memoryData(...chosen, common);
}

async function loadNamed(
  kind: Config['data']['kind'],
  { log, signal }: LoadDataOptions,
): Promise<GivenImages> {
  const options = { ...(log && { log }), ...(signal && { signal }) };
  const load = (split: 'train' | 'test') =>
    kind === 'fashion-mnist'
      ? loadFashionMnist({ split, channels: 3, ...options })
      : loadCifar10({ split, ...options });
  return { train: await load('train'), test: await load('test') };
}

function requirePossible(config: Config, train: number, test: number | undefined): void {
  const problems = impossibleCombinations(config, { train, ...(test !== undefined && { test }) });
  if (problems.length > 0) throw new ConfigError(problems);
}

function requireColour({ shape }: ImageDataset): void {
  if (shape[3] === 3) return;
  throw pipelineError('DATA_MISMATCH', {
    message: 'the images are not in colour',
    given: `[${shape.join(', ')}]`,
    expected: '[n, H, W, 3]',
    remedy: 'Repeat the channel of gray images three times',
  });
}
