import { trainerError } from './errors.js';
import type { Position } from './method.js';
import type { TrainingBatch } from './source.js';

/** @throws {ProtoclError} `INVALID_BATCH` if a batch is not what its source announced */
export function requireBatch({ views, indices }: TrainingBatch, batchSize: number, position: Position): void {
  const [first, second] = views;
  const sizes = [first.shape[0], second.shape[0], indices.length];
  if (sizes.every((size) => size === batchSize) && String(first.shape) === String(second.shape)) return;
  throw trainerError('INVALID_BATCH', {
    message: `the batch of step ${position.step} of epoch ${position.epoch} is not what the source announced`,
    given: `views of [${first.shape.join(', ')}] and [${second.shape.join(', ')}], ${indices.length} indices`,
    expected: `two views of one shape and indices, of ${batchSize} images`,
    remedy: 'Drop a last batch that is not full',
  });
}

/** The error for an epoch in which the source had nothing to give. */
export function noBatches(epoch: number): Error {
  return trainerError('INVALID_BATCH', {
    message: 'the source gave no batch',
    given: `epoch ${epoch}`,
    expected: 'the batches that stepsPerEpoch announces',
  });
}
