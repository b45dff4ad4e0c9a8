import { trainerError } from '../errors.js';
import type { Figures } from '../method.js';
import type { BestCheckpoint } from './checkpoint.js';

/** What makes a checkpoint the best. */
export interface BestOptions {
  readonly metric: string;
  readonly mode: 'max' | 'min';
}

/**
 * The best checkpoint once another evaluation is known: the one so far, or `file`. Of equals the earlier.
 *
 * @throws {ProtoclError} `METRIC_MISSING`
 */
export function bestOf(
  best: BestCheckpoint | null,
  figures: Figures,
  file: string,
  { metric, mode }: BestOptions,
): BestCheckpoint | null {
  const value = figures[metric];
  if (value === undefined) {
    throw trainerError('METRIC_MISSING', {
      message: 'the evaluation did not give the metric by which the best checkpoint is kept',
      given: Object.keys(figures).join(', ') || 'no figures',
      expected: metric,
      remedy: 'Name one of its figures in checkpoints.best.metric',
    });
  }
  if (Number.isNaN(value)) return best;
  const isBetter = best === null || (mode === 'max' ? value > best.value : value < best.value);
  return isBetter ? { metric, value, file } : best;
}
