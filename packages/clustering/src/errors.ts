import { ProtoclError } from '@protocl/core/errors';
import type { ProtoclErrorDetails } from '@protocl/core/errors';

/** What can go wrong in this package. */
export type ClusteringErrorCode =
  /** An option has a value that cannot work. */
  | 'INVALID_OPTION'
  /** Tensors or arrays do not fit each other or the function. */
  | 'INVALID_SHAPE'
  /** A tensor has another dtype than float32. */
  | 'INVALID_DTYPE'
  /** Features or centroids hold NaN or Inf, or values whose squares overflow float32. */
  | 'NON_FINITE_FEATURES'
  /** There are fewer points than clusters. */
  | 'TOO_FEW_POINTS'
  /** Features that have to have length 1 do not. */
  | 'NOT_NORMALIZED'
  /** faiss-node is not installed, or cannot be loaded here. */
  | 'FAISS_NODE_UNAVAILABLE'
  /** faiss-node could not be compiled. */
  | 'FAISS_NODE_BUILD_FAILED'
  /** The process that runs faiss-node ended, was killed or reported an error. */
  | 'FAISS_NODE_FAILED'
  /** The assigner was used after it was closed. */
  | 'ASSIGNER_CLOSED';

/** An error of this package: a {@link ProtoclError} with one of its codes. */
export type ClusteringError = ProtoclError<ClusteringErrorCode>;

export function clusteringError(code: ClusteringErrorCode, details: ProtoclErrorDetails): ClusteringError {
  return new ProtoclError(code, details);
}
