import { loadData, type GivenImages } from '../data/loadData.js';
import { pipelineError } from '../errors.js';
import { evaluateEncoder, type EncoderScores } from '../evaluation/evaluateEncoder.js';
import { openEncoder, type OpenEncoderOptions } from '../run/openEncoder.js';

export interface EvaluateOptions extends OpenEncoderOptions {
  /** Whether to fit a linear probe beside kNN; true by default. */
  readonly linear?: boolean;
  /** Images in memory, in place of those that the configuration names. */
  readonly images?: GivenImages;
  readonly signal?: AbortSignal;
}

/** What a checkpoint's encoder is worth. */
export interface CheckpointScores extends EncoderScores {
  /** Absolute. */
  readonly checkpoint: string;
  /** Epochs that had been trained. */
  readonly epoch: number;
}

/**
 * Judges a checkpoint by the classes of held-out images.
 *
 * @param path a checkpoint, or the folder of a run, whose newest checkpoint it then is
 * @throws {ProtoclError} `DATA_MISMATCH` without held-out images and their classes; what
 *   `openEncoder` and the data throw
 */
export async function evaluate(path: string, options: EvaluateOptions = {}): Promise<CheckpointScores> {
  const { linear = true, images, signal, ...opening } = options;
  const { encoder, config, checkpoint, epoch } = await openEncoder(path, opening);
  try {
    const data = await loadData(config, {
      ...(opening.log && { log: opening.log }),
      ...(images && { images }),
      ...(signal && { signal }),
    });
    try {
      const { train, test } = data;
      if (test?.labels === undefined || train.labels === undefined) {
        throw pipelineError('DATA_MISMATCH', {
          message: 'there is nothing to judge the encoder by',
          given:
            config.data.kind === 'folder' ? `data.test ${config.data.test ?? 'not set'}` : config.data.kind,
          expected: 'held-out images with classes',
          remedy: 'Name their folder: --set data.test=FOLDER',
        });
      }
      const scores = await evaluateEncoder(encoder, { train, test, config: config.evaluation, linear });
      return { ...scores, checkpoint, epoch };
    } finally {
      await data.close();
    }
  } finally {
    encoder.dispose();
  }
}
