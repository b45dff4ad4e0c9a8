/** How many neighbours and queries are compared at once. */
export interface KnnBlocks {
  readonly neighbours: number;
  readonly queries: number;
}

/** Neighbours of one block: enough that a product is worth its call, few enough to normalize on the way. */
const MOST_NEIGHBOURS = 32_768;

/**
 * Divides a comparison of all queries with all neighbours into blocks of which one block of float32
 * similarities takes at most `blockBytes`, or is one of a single query.
 */
export function knnBlocks(sizes: KnnBlocks, blockBytes: number): KnnBlocks {
  const neighbours = Math.min(sizes.neighbours, MOST_NEIGHBOURS, Math.max(1, Math.floor(blockBytes / 4)));
  const queries = Math.min(sizes.queries, Math.max(1, Math.floor(blockBytes / (4 * neighbours))));
  return { neighbours, queries };
}
