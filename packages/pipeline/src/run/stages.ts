import type { Config } from '../config/schema.js';

/** The moments of a run at which an encoder is worth comparing, by epochs trained. */
export interface Stages {
  readonly random: number;
  /** After InfoNCE alone; undefined where there is no such time, or nothing after it. */
  readonly warmup: number | undefined;
  readonly final: number;
}

export function stagesOf({ method, training }: Config): Stages {
  const hasPrototypes = method.kind === 'pcl' && method.prototypeWeight > 0;
  const warmupEpochs = hasPrototypes ? method.warmupEpochs : 0;
  const hasWarmup = warmupEpochs > 0 && warmupEpochs < training.epochs;
  return { random: 0, warmup: hasWarmup ? warmupEpochs : undefined, final: training.epochs };
}

/**
 * How many epochs apart evaluations are: as configured, or less so that one falls on the end of the
 * warm-up.
 */
export function evaluationInterval(config: Config): number {
  const { warmup } = stagesOf(config);
  const { everyEpochs } = config.evaluation;
  return warmup === undefined ? everyEpochs : greatestCommonDivisor(everyEpochs, warmup);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Whether the linear probe is due too, after so many epochs. */
export function isProbed(epoch: number, config: Config): boolean {
  const { random, warmup, final } = stagesOf(config);
  switch (config.evaluation.linear.when) {
    case 'never':
      return false;
    case 'end':
      return epoch === final;
    case 'stages':
      return epoch === random || epoch === warmup || epoch === final;
    default:
      return config.evaluation.linear.when satisfies never;
  }
}
