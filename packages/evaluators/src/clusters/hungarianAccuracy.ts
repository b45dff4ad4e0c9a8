import type { Contingency } from '@protocl/clustering';
import { munkres } from 'munkres';

/**
 * The share of samples that are right if each cluster stands for one class and each class has one cluster at most, by
 * the best such matching. Clusters or classes that are too many stay without a partner.
 *
 * @param table how clusters and classes overlap; a matrix of clusters x classes is made of it, 8 MB for 1000 x 1000
 * @returns (0, 1]
 * @see Kuhn, The Hungarian method for the assignment problem, 1955
 */
export function hungarianAccuracy({ n, overlaps, classSizes }: Contingency): number {
  // The method looks for least cost.
  const costs = overlaps.map((overlap) => {
    const row = new Float64Array(classSizes.length);
    for (const [place, count] of overlap) row[place] = -count;
    return row;
  });
  return munkres(costs).reduce((sum, [cluster, place]) => sum + (overlaps[cluster]!.get(place) ?? 0), 0) / n;
}
