import { requireKnownOptions } from '@protocl/core';

import { requireWhole } from '../epochOrder.js';
import { datasetError } from '../errors.js';
import { MAX_PIXELS, MOST_PIXELS } from '../folder/openImageFolder.js';

/** How a data set in its published layout is opened. */
export interface PublishedOptions<Split extends string> {
  readonly split: Split;
  /** An image with more pixels is left out by the loader; 100 million by default. */
  readonly maxPixels?: number;
  /** Stops the search. */
  readonly signal?: AbortSignal;
}

/**
 * The limit on the pixels of an image, checked together with the other options.
 *
 * @param what the function that was given them
 * @throws {ProtoclError} `INVALID_OPTION`, `UNKNOWN_OPTION`
 */
export function checkedMaxPixels<Split extends string>(
  what: string,
  options: PublishedOptions<Split>,
  splits: readonly Split[],
): number {
  requireKnownOptions(what, options, { split: true, maxPixels: true, signal: true });
  const { split, maxPixels = MAX_PIXELS, signal } = options;
  if (!splits.includes(split)) {
    throw datasetError('INVALID_OPTION', {
      message: 'the data set has no such split',
      given: split,
      expected: splits.join(', '),
      remedy: 'Pass one of these as split',
    });
  }
  requireWhole('maxPixels', maxPixels, 1, MOST_PIXELS);
  signal?.throwIfAborted();
  return maxPixels;
}
