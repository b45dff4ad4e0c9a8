import type { RandomStream } from '@protocl/core/random';

import { NO_CLUSTER } from './prototypes.js';

/**
 * Images for an epoch, about as many of each cluster: of a large one some, each once; of a small one as many
 * draws, in which images come again and again, and some perhaps not. Images of no cluster do not come.
 *
 * @param assignments int32 [n]: the cluster of each image
 * @returns int32 [n], in random order
 * @see Caron, Bojanowski, Joulin and Douze, Deep Clustering, ECCV 2018, section 3.3
 */
export function uniformOrder(assignments: Int32Array, clusters: number, random: RandomStream): Int32Array {
  const members: number[][] = Array.from({ length: clusters }, () => []);
  for (const [image, cluster] of assignments.entries()) {
    if (cluster !== NO_CLUSTER) members[cluster]!.push(image);
  }
  const inhabited = members.filter(({ length }) => length > 0);
  const share = Math.floor(assignments.length / inhabited.length) + 1;
  const drawn = inhabited.flatMap((images) => {
    if (images.length <= share) return Array.from(random.integers(share, images.length), (i) => images[i]!);
    return Array.from(random.permutation(images.length).subarray(0, share), (i) => images[i]!);
  });
  return random
    .permutation(drawn.length)
    .slice(0, assignments.length)
    .map((i) => drawn[i]!);
}
