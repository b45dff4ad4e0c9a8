import type { Encoder } from '@protocl/encoders';
import {
  linearProtocol,
  semiSupervised,
  type DisposableEncoder,
  type Evaluation,
  type RateSchedule,
} from '@protocl/evaluators';

import type { EvaluationConfig } from '../config/sections/run.js';
import type { LabelledImages, LabelledViews, RunData } from '../data/runData.js';
import { pipelineError } from '../errors.js';
import { eachAlone, type Outcomes } from './eachAlone.js';
import { encoderAt, type OpenedCheckpoint } from '../run/openCheckpoint.js';

/** The names of the evaluators that look at images again and again, in the order in which they run. */
export const ENCODER_EVALUATORS = ['linearProtocol', 'semiSupervised'] as const;
export type EncoderEvaluatorName = (typeof ENCODER_EVALUATORS)[number];

export interface JudgeEncoderOptions {
  readonly evaluators: readonly EncoderEvaluatorName[];
  /** The shares of the labels to train on with, each in a training of its own. */
  readonly shares?: readonly number[];
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs evaluators that train with labels: on top of an encoder, or the encoder itself, of which they
 * take a copy. One that cannot judge it leaves the other alone.
 *
 * @throws the signal's reason
 */
export async function judgeEncoder(
  { encoder, config, checkpoint }: Pick<OpenedCheckpoint, 'encoder' | 'config' | 'checkpoint'>,
  data: RunData & { readonly test: LabelledImages },
  { evaluators, shares, log, signal }: JudgeEncoderOptions,
): Promise<Outcomes<EncoderEvaluatorName>> {
  const { test } = data;
  const { evaluation, seed } = config;
  const classes = test.classNames.length;
  const heldOut = () => labelledBatches(test);
  const running = { seed, ...(signal && { signal }) };
  const tell = (what: string, epochs: number) => ({
    onEpoch: ({ epoch, loss }: { readonly epoch: number; readonly loss: number }) =>
      log?.(`${what}: epoch ${epoch} of ${epochs}, loss ${loss.toFixed(4)}`),
  });
  const all: Record<EncoderEvaluatorName, () => Promise<Evaluation>> = {
    linearProtocol: async () => {
      const labels = oneClassEach(data.labels);
      const { epochs, batchSize, learningRate } = evaluation.linearProtocol;
      return linearProtocol(
        trainable(encoder, evaluation),
        { views: data.labelledViews(Int32Array.from(labels.keys()), batchSize), heldOut, classes },
        {
          epochs,
          learningRate,
          schedule: fallingTwice(epochs, 0.1),
          ...running,
          ...tell('linear protocol', epochs),
        },
      );
    },
    semiSupervised: async () => {
      const labels = oneClassEach(data.labels);
      const { epochs, batchSize, shares: usual } = evaluation.semiSupervised;
      const views = rememberedViews((chosen) => data.labelledViews(chosen, batchSize));
      const learning = { epochs, schedule: fallingTwice(epochs, 0.2) };
      return semiSupervised(
        async () => trainable(await encoderAt(checkpoint, config), evaluation),
        { labels, views, heldOut, classes },
        {
          shares: (shares ?? usual).map((share) => ({ share, ...learning })),
          ...running,
          onEpoch: ({ share, ...progress }) =>
            tell(`${percent(share)} of the labels`, epochs).onEpoch(progress),
        },
      );
    },
  };
  const chosen = ENCODER_EVALUATORS.filter((name) => evaluators.includes(name));
  return eachAlone(Object.fromEntries(chosen.map((name) => [name, all[name]])), {
    ...(log && { log }),
    ...(signal && { signal }),
  });
}

/** The published schedules: rates fall after 60% and 80% of the epochs. */
function fallingTwice(epochs: number, factor: number): RateSchedule {
  // A schedule cannot fall before its first epoch.
  const milestones = [0.6, 0.8].map((part) => Math.max(1, Math.round(part * epochs)));
  return { kind: 'step', milestones, factor };
}

/** The encoder as far as its features go: they do not depend on a projection head behind them. */
function trainable(encoder: Encoder, { features: kind }: EvaluationConfig): DisposableEncoder {
  const isBackbone = kind === 'backbone';
  const variables = Object.entries(encoder.variables).filter(
    ([name]) => !isBackbone || !name.startsWith('fc.'),
  );
  return {
    variables: Object.fromEntries(variables),
    forward: (images, options) =>
      isBackbone ? encoder.features(images, options) : encoder.forward(images, options),
    dispose: () => encoder.dispose(),
  };
}

async function* labelledBatches(all: LabelledImages) {
  const labels = oneClassEach(all.labels);
  for await (const { images, indices } of all.batches()) {
    yield { images, labels: indices.map((index) => labels[index]!) };
  }
}

/** Files are read by threads, which should not be started again for each epoch. */
function rememberedViews(open: (chosen: Int32Array) => LabelledViews) {
  const opened = new Map<Int32Array, LabelledViews>();
  return (chosen: Int32Array, epoch: number) => {
    const views = opened.get(chosen) ?? open(chosen);
    opened.set(chosen, views);
    return views(epoch);
  };
}

function oneClassEach(labels: Int32Array | undefined): Int32Array {
  if (labels !== undefined) return labels;
  throw pipelineError('INVALID_OPTION', {
    message: 'the linear protocol and semi-supervised learning need one class for each image',
    given: 'images that show several classes',
    expected: 'images with one class each',
    remedy: 'Judge them by --svm or --low-shot',
  });
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(6))}%`;
}
