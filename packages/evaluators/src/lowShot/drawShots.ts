import { randomStream } from '@protocl/core/random';

import { evaluatorError } from '../errors.js';

/**
 * Draws `k` images of each class, without replacement within a class. An image that shows several
 * classes can be drawn for each of them, and then appears as often. The images for a smaller `k` are
 * among those for a larger one.
 *
 * @param targets for each class int8 [n], 1 where an image shows it; a class that none shows is skipped
 * @param draw which of the draws with this seed
 * @param names the label of each class, from which follows what is drawn of it; 0, 1, ... by default
 * @returns int32: rows, class by class
 * @throws {EvaluatorError} `TOO_FEW_SAMPLES`
 */
export function drawShots(
  targets: readonly Int8Array[],
  k: number,
  seed: number,
  draw: number,
  names: ArrayLike<number> = Array.from(targets.keys()),
): Int32Array {
  return Int32Array.from(
    targets.flatMap((members, c) => {
      const rows = [...members.keys()].filter((row) => members[row] === 1);
      if (rows.length === 0) return [];
      if (rows.length < k) {
        throw evaluatorError('TOO_FEW_SAMPLES', {
          message: `low-shot classification has too few images of class ${names[c]}`,
          given: `${rows.length} images`,
          expected: `at least ${k}`,
          remedy: 'Leave the larger numbers of shots out',
        });
      }
      const order = randomStream({ seed, purpose: 'low-shot', epoch: draw, step: names[c]! }).permutation(
        rows.length,
      );
      return Array.from(order.subarray(0, k), (place) => rows[place]!);
    }),
  );
}
