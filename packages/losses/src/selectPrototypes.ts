import type { RandomStream } from '@protocl/core/random';

import { lossError } from './errors.js';

/** What {@link selectPrototypes} goes by. */
export interface SelectionOptions {
  /** How many negative prototypes to draw; all that are no image's positive where this is missing. */
  readonly negatives?: number;
  /** Draws them; needed with `negatives`. */
  readonly rng?: RandomStream;
  /**
   * What becomes of images of the batch that share a cluster. `merge` (default): their prototype is
   * one column of the softmax, the positive of them all. `keep`: every image brings a column of its
   * own, as in the original implementation, so that they count as each other's negatives.
   */
  readonly duplicates?: 'merge' | 'keep';
}

/** The columns of a batch's softmax over prototypes. */
export interface SelectedPrototypes {
  /** The prototype of each column: those that are positives first, then the negatives. */
  readonly columns: Int32Array;
  /** How many of the columns are positives. */
  readonly positives: number;
  /** [N], the column of each image's own positive. */
  readonly own: Int32Array;
}

/**
 * Decides which prototypes a batch is compared with, from the cluster of each of its images.
 *
 * @param clusters [N], each below k
 * @param k the number of prototypes
 * @throws LossError `INVALID_OPTION` or `TOO_MANY_NEGATIVES`
 */
export function selectPrototypes(
  loss: string,
  clusters: Int32Array,
  k: number,
  { negatives, rng, duplicates = 'merge' }: SelectionOptions,
): SelectedPrototypes {
  requireDuplicates(loss, duplicates);
  const columnOf = new Map<number, number>();
  for (const cluster of clusters) if (!columnOf.has(cluster)) columnOf.set(cluster, columnOf.size);
  const unused = othersThan(columnOf.keys(), k, columnOf.size);
  const drawn = negatives === undefined ? unused : draw(loss, unused, negatives, rng);
  const positives = duplicates === 'merge' ? Int32Array.from(columnOf.keys()) : clusters;
  const columns = new Int32Array(positives.length + drawn.length);
  columns.set(positives);
  columns.set(drawn, positives.length);
  const own = clusters.map((cluster, row) => (duplicates === 'merge' ? columnOf.get(cluster)! : row));
  return { columns, positives: positives.length, own };
}

/** The integers below k that are not among `used`, which are `count` different ones. */
function othersThan(used: Iterable<number>, k: number, count: number): Int32Array {
  // k goes up to 100,000, once a step: a flag is found faster than a key.
  const isUsed = new Uint8Array(k);
  for (const prototype of used) isUsed[prototype] = 1;
  const others = new Int32Array(k - count);
  for (let prototype = 0, position = 0; prototype < k; prototype++) {
    if (isUsed[prototype] === 0) others[position++] = prototype;
  }
  return others;
}

/** The first steps of a Fisher-Yates shuffle: `count` of `values`, each set of them equally likely. */
function draw(loss: string, values: Int32Array, count: number, rng: RandomStream | undefined): Int32Array {
  requireCount(loss, count, values.length);
  if (rng === undefined) {
    throw lossError('INVALID_OPTION', {
      message: `${loss} draws negative prototypes at random and has no random stream`,
      given: `negatives: ${count} without rng`,
      expected: 'both, or neither to take all prototypes that are not positives',
      remedy: "Pass rng: randomStream({ seed, purpose: 'negative prototypes', epoch, step })",
    });
  }
  for (let position = 0; position < count; position++) {
    const chosen = position + Math.floor(rng.next() * (values.length - position));
    const value = values[chosen]!;
    values[chosen] = values[position]!;
    values[position] = value;
  }
  return values.subarray(0, count);
}

function requireCount(loss: string, count: number, available: number): void {
  if (!Number.isInteger(count) || count < 0) {
    throw lossError('INVALID_OPTION', {
      message: `${loss} cannot draw this number of negative prototypes`,
      given: count,
      expected: 'a whole number of at least 0',
    });
  }
  if (count > available) {
    throw lossError('TOO_MANY_NEGATIVES', {
      message: `${loss} cannot draw that many negative prototypes`,
      given: count,
      expected: `at most ${available}, the prototypes that are no positive of this batch`,
      remedy: 'Ask for at most k minus the batch size, or leave negatives out to take all there are',
    });
  }
}

function requireDuplicates(loss: string, duplicates: string): void {
  if (duplicates === 'merge' || duplicates === 'keep') return;
  throw lossError('INVALID_OPTION', {
    message: `${loss} does not know this way to treat duplicates`,
    given: duplicates,
    expected: 'merge or keep',
  });
}
