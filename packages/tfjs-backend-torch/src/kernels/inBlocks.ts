import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { keepingOnly } from '../native/scope.js';

const cat = operator('aten::cat');

/**
 * Computes something in pieces along an axis, so that what it takes never exists for the whole axis at once, and joins
 * each of the results along their first axis.
 *
 * @param count How long the axis is; an empty one is one piece.
 * @param most How much of it one piece may have at most; a piece has at least one element.
 */
export function inBlocks(
  count: number,
  most: number,
  compute: (start: number, length: number) => Handle[],
): Handle[] {
  const length = Math.max(1, Math.floor(most));
  const blocks: Handle[][] = [];
  for (let start = 0; start === 0 || start < count; start += length) {
    blocks.push(keepingOnly(() => compute(start, Math.min(length, count - start))));
  }
  const [first] = blocks as [Handle[]];
  if (blocks.length === 1) return first;
  return first.map((_, result) =>
    cat(
      blocks.map((block) => block[result] as Handle),
      0,
    ),
  );
}
