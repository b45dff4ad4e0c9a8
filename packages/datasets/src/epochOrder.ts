import { randomStream } from '@protocl/core';

import { datasetError } from './errors.js';

export interface EpochOrderOptions {
  readonly seed: number;
  readonly epoch: number;
  readonly shuffle: boolean;
}

/** The order in which an epoch has the images, int32 [n]. */
export function epochOrder(
  count: number,
  { seed, epoch, shuffle }: EpochOrderOptions,
): Int32Array<ArrayBuffer> {
  if (shuffle) return randomStream({ seed, purpose: 'shuffle', epoch }).permutation(count);
  return Int32Array.from({ length: count }, (_, index) => index);
}

/**
 * How often the image of each place of an order has come before it, int32 like the order.
 *
 * @throws {ProtoclError} `INVALID_OPTION` if the order names an image that is none of 0 .. count-1, or has not
 *   as many places as there are images
 */
export function repeatsOf(order: Int32Array, count: number): Int32Array<ArrayBuffer> {
  requireWhole('length of the order', order.length, count, count);
  const seen = new Int32Array(count);
  return Int32Array.from(order, (index) => {
    requireWhole('index in the order', index, 0, count - 1);
    return seen[index]!++;
  });
}

/**
 * How many batches an epoch has.
 *
 * @throws {ProtoclError} `INVALID_OPTION` if the batch size is not an integer of 1 .. n
 */
export function stepsOf(count: number, batchSize: number, dropRemainder: boolean): number {
  requireWhole('batchSize', batchSize, 1, count);
  return dropRemainder ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
}

/** @throws {ProtoclError} `INVALID_OPTION` if the epoch has no such step and does not end there */
export function requireFirstStep(firstStep: number, steps: number): void {
  requireWhole('firstStep', firstStep, 0, steps);
}

/** @throws {ProtoclError} `INVALID_OPTION` */
export function requireWhole(name: string, value: number, lowest: number, highest: number): void {
  if (Number.isInteger(value) && value >= lowest && value <= highest) return;
  throw datasetError('INVALID_OPTION', {
    message: `${name} is out of range`,
    given: value,
    expected: `an integer in ${lowest} .. ${highest}`,
    remedy: `Pass another ${name}`,
  });
}
