import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

import { requireFinite, requireMatrix } from './checks.js';
import { clusteringError } from './errors.js';

/** How {@link principalComponents} reduces. */
export interface PrincipalComponentsOptions {
  /** Components to keep: 1 .. min(n, D). */
  readonly dimensions: number;
  /** Whether `transform` scales every component to a variance of 1. Default false. */
  readonly whiten?: boolean;
}

/** A principal component analysis. Its tensors are the caller's to dispose, by `dispose`. */
export interface PrincipalComponents {
  /** float32 [D]. */
  readonly mean: tf.Tensor1D;
  /** float32 [dimensions, D], rows of length 1, by falling variance; the largest entry of each is positive. */
  readonly components: tf.Tensor2D;
  /** [dimensions], the variance along each component, with n-1 as the divisor. */
  readonly variances: Float32Array;
  /**
   * Projects features onto the components.
   *
   * @param features float32 [m, D]
   * @returns float32 [m, dimensions], for the caller to dispose
   * @throws {ClusteringError} `INVALID_SHAPE` or `INVALID_DTYPE` for features that do not fit
   */
  transform(features: tf.Tensor2D): tf.Tensor2D;
  dispose(): void;
}

/** Variances below this share of the largest are rounding, and are not blown up by whitening. */
const LEAST_SHARE = 1e-7;

/**
 * Finds the directions of largest variance, from the eigenvectors of the covariance matrix.
 *
 * The products run on the active backend, the decomposition on the host in float64: its time grows with D³, a second or
 * so for D of 512.
 *
 * @param features float32 [n, D], finite, n at least 2; stays the caller's
 * @throws {ClusteringError} `INVALID_OPTION`, `INVALID_SHAPE`, `INVALID_DTYPE` or `NON_FINITE_FEATURES`
 * @see Caron, Bojanowski, Joulin and Douze, Deep Clustering, ECCV 2018, section 4.1, for its use before k-means
 */
export async function principalComponents(
  features: tf.Tensor2D,
  { dimensions, whiten = false }: PrincipalComponentsOptions,
): Promise<PrincipalComponents> {
  requireMatrix('principalComponents', 'features', features);
  requireDimensions(features, dimensions);
  await requireFinite('principalComponents', 'features', features);
  const size = features.shape[1];
  const { mean, covariance } = tf.tidy(() => {
    const centre = tf.mean<tf.Tensor1D>(features, 0);
    const centred = tf.sub<tf.Tensor2D>(features, centre);
    const products = tf.matMul(centred, centred, true, false);
    return { mean: centre, covariance: tf.div<tf.Tensor2D>(products, features.shape[0] - 1) };
  });
  const { vectors, variances } = decompose(await covariance.data(), size, dimensions);
  covariance.dispose();
  const components = tf.tensor2d(vectors, [dimensions, size]);
  return {
    mean,
    components,
    variances,
    transform(given) {
      requireMatrix('principalComponents', 'features', given);
      requireWidth(given, size);
      return tf.tidy(() => {
        const projected: tf.Tensor2D = tf.matMul(tf.sub<tf.Tensor2D>(given, mean), components, false, true);
        return whiten ? tf.div<tf.Tensor2D>(projected, tf.tensor1d(deviations(variances))) : projected;
      });
    },
    dispose: () => tf.dispose([mean, components]),
  };
}

/** The eigenvectors of the largest eigenvalues, largest first. */
function decompose(covariance: ArrayLike<number>, size: number, dimensions: number) {
  const matrix = Matrix.from1DArray(size, size, Array.from(covariance));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const vectors = new Float32Array(dimensions * size);
  order.slice(0, dimensions).forEach((column, row) => {
    const vector = eigenvectorMatrix.getColumn(column);
    // A direction has two signs; this choice makes the result the same on every backend.
    const largest = vector.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
    vectors.set(
      vector.map((value) => (largest < 0 ? -value : value)),
      row * size,
    );
  });
  const variances = Float32Array.from(order.slice(0, dimensions), (i) => Math.max(0, realEigenvalues[i]!));
  return { vectors, variances };
}

function deviations(variances: Float32Array): Float32Array {
  const least = variances[0]! * LEAST_SHARE;
  // Features that are all alike have no variance at all, and become zeros.
  return variances.map((variance) => Math.sqrt(Math.max(variance, least)) || 1);
}

function requireDimensions(features: tf.Tensor2D, dimensions: number): void {
  const [n, size] = features.shape;
  if (n < 2) {
    throw clusteringError('INVALID_SHAPE', {
      message: 'principalComponents needs at least two rows to see a variance',
      given: `[${features.shape.join(', ')}]`,
      expected: '[n, D] with n of at least 2',
    });
  }
  const most = Math.min(n, size);
  if (Number.isSafeInteger(dimensions) && dimensions >= 1 && dimensions <= most) return;
  throw clusteringError('INVALID_OPTION', {
    message: `principalComponents cannot keep this many components of ${n} rows with ${size} values`,
    given: dimensions,
    expected: `a whole number of 1 .. ${most}`,
  });
}

function requireWidth(features: tf.Tensor2D, size: number): void {
  if (features.shape[1] === size) return;
  throw clusteringError('INVALID_SHAPE', {
    message: 'these principal components were found with features of another size',
    given: `[${features.shape.join(', ')}]`,
    expected: `[m, ${size}]`,
  });
}
