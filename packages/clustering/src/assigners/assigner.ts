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
  /** Releases what it holds, such as a process. It cannot be used afterwards; closing twice does nothing. */
  close(): Promise<void>;
}

/** The assigners that can be asked for by name. */
export type AssignerName = 'tensor' | 'faiss-node';
