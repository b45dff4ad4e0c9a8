import { requireKnownOptions, type OptionNames } from '@protocl/core';

import { annotationsOf } from '../data/annotationsOf.js';
import { loadData, type GivenImages } from '../data/loadData.js';
import { pipelineError } from '../errors.js';
import { encodeFeatures } from '../evaluation/encodeFeatures.js';
import {
  OPEN_CHECKPOINT_OPTIONS,
  openCheckpoint,
  type OpenCheckpointOptions,
} from '../run/openCheckpoint.js';
import { featureFormat, writeFeatures, type HostFeatures } from './featureFile.js';
import { removeTable, tableBeside } from './imageTable.js';

export interface EmbedOptions extends OpenCheckpointOptions {
  /** The training images or the held-out ones; the training images by default. */
  readonly split?: 'train' | 'test';
  /** Images in memory, in place of those that the configuration names. */
  readonly images?: GivenImages;
  readonly signal?: AbortSignal;
}

export const EMBED_OPTIONS: OptionNames<EmbedOptions> = {
  ...OPEN_CHECKPOINT_OPTIONS,
  split: true,
  images: true,
  signal: true,
};

/** What {@link embed} wrote. */
export interface Embedding {
  readonly files: readonly string[];
  /** [n, D]. */
  readonly shape: readonly [number, number];
  /** Absolute. */
  readonly checkpoint: string;
}

/**
 * Writes the features of a data set, not normalised, with labels where there are classes. Which
 * features is `evaluation.features` of the configuration.
 *
 * @param path a checkpoint, or the folder of a run, whose newest checkpoint it then is
 * @param out ends in `.safetensors` or `.npy`
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `INVALID_OPTION`, `DATA_MISMATCH`; what `openCheckpoint`, the data and the
 *   disk throw
 */
export async function embed(path: string, out: string, options: EmbedOptions = {}): Promise<Embedding> {
  requireKnownOptions('embed', options, EMBED_OPTIONS);
  // Before anything is loaded.
  featureFormat(out);
  const { host, checkpoint } = await featuresOf(path, options);
  const { split = 'train' } = options;
  const files = await writeFeatures(out, host, { checkpoint, split });
  const table = tableBeside(out);
  if (await removeTable(table)) options.log?.(`removed ${table}, the paths of other images`);
  return { files, shape: host.shape, checkpoint };
}

/** The features of a data set as a checkpoint's encoder has them. */
export async function featuresOf(
  path: string,
  { split = 'train', images, signal, ...opening }: EmbedOptions,
): Promise<{ readonly host: HostFeatures; readonly checkpoint: string }> {
  const { encoder, config, checkpoint } = await openCheckpoint(path, opening);
  try {
    const data = await loadData(config, {
      ...(opening.log && { log: opening.log }),
      ...(images && { images }),
      ...(signal && { signal }),
    });
    try {
      const chosen = data[split];
      if (chosen === undefined) {
        throw pipelineError('DATA_MISMATCH', {
          message: 'there are no held-out images',
          given: 'the split test',
          expected: 'data.test in the configuration, with classes',
          remedy: 'Name their folder: --set data.test=FOLDER',
        });
      }
      const { features, indices } = await encodeFeatures(encoder, chosen, config.evaluation.features);
      const labels = annotationsOf(chosen, indices);
      const values = await features.data<'float32'>();
      features.dispose();
      return {
        host: { features: values, shape: features.shape, indices, ...(labels && { labels }) },
        checkpoint,
      };
    } finally {
      await data.close();
    }
  } finally {
    encoder.dispose();
  }
}
