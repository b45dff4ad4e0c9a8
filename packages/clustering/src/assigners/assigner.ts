import type { Tensor2D } from '@tensorflow/tfjs-core';

/** The nearest centroid of each of n points, on the host. */
export interface Assignment {
  /** [n], rows of the centroids. */
  readonly indices: Int32Array;
  /** [n], the squared Euclidean distances to them. */
  readonly squaredDistances: Float32Array;
}

/** How k-means looks for the nearest centroids: its only expensive part, and the one that can be exchanged. */
export interface Assigner {
  /**
   * Finds the nearest centroid of every point.
   *
   * @param points float32 [n, D], finite; stays the caller's
   * @param centroids float32 [k, D], finite; stays the caller's
   */
  assign(points: Tensor2D, centroids: Tensor2D): Promise<Assignment>;
  /**
   * Begins a search over points that stay the same while the centroids move, for an assigner that is quicker when it
   * knows. It finds what `assign` finds, and is called instead of it: an assigner that wraps another's `assign` leaves it
   * out.
   */
  over?(points: Tensor2D): CentroidSearch;
  /** Releases what it holds, such as a process. It cannot be used afterwards; closing twice does nothing. */
  close(): Promise<void>;
}

/** Finds the nearest centroids of the same points again and again. */
export interface CentroidSearch {
  /** @param centroids float32 [k, D], finite; stays the caller's */
  assign(centroids: Tensor2D): Promise<Assignment>;
  dispose(): void;
}

/** The search of an assigner, which is the same call each time where it has none of its own. */
export function searchOver(assigner: Assigner, points: Tensor2D): CentroidSearch {
  return (
    assigner.over?.(points) ?? {
      assign: (centroids) => assigner.assign(points, centroids),
      dispose() {},
    }
  );
}

/** The assigners that can be asked for by name. */
export type AssignerName = 'tensor' | 'faiss-node';
