import { requireKnownOptions } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

import { requireFinite, requireMatrix } from './checks.js';
import { clusteringError } from './errors.js';
import { ordinaryScale } from './ordinaryScale.js';

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
  /** [dimensions], the variance along each component, with n-1 as the divisor; float64, which holds any square. */
  readonly variances: Float64Array;
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

/** Values of features that are looked at at a time: 64 MiB. */
const MOST_VALUES = 2 ** 24;
/** Sums over more rows lose digits, one row after the other being added to what is ever larger. */
const MOST_ROWS = 2 ** 14;

/** Variances below this share of the largest are rounding, and are not blown up by whitening. */
const LEAST_SHARE = 1e-7;

/**
 * Finds the directions of largest variance, from the eigenvectors of the covariance matrix.
 *
 * The products run on the active backend, the decomposition on the host in float64: its time grows with D³, a second or
 * so for D of 512, in which the event loop waits. Features are looked at some rows at a time, so that there is no second
 * copy of all. It does not matter how large or small features are.
 *
 * @param features float32 [n, D], finite, n at least 2; stays the caller's
 * @throws {ClusteringError} `INVALID_OPTION`, `INVALID_SHAPE`, `INVALID_DTYPE` or `NON_FINITE_FEATURES`
 * @see Caron, Bojanowski, Joulin and Douze, Deep Clustering, ECCV 2018, for its use before k-means
 */
export async function principalComponents(
  features: tf.Tensor2D,
  options: PrincipalComponentsOptions,
): Promise<PrincipalComponents> {
  requireKnownOptions('principalComponents', options, { dimensions: true, whiten: true });
  const { dimensions, whiten = false } = options;
  requireMatrix('principalComponents', 'features', features);
  requireDimensions(features, dimensions);
  await requireFinite('principalComponents', 'features', features);
  const size = features.shape[1];
  const scale = await ordinaryScale(features);
  const { centre, covariance } = tf.tidy(() => {
    const [n] = features.shape;
    const sums = chunks(features, (rows) => tf.sum<tf.Tensor1D>(scaled(rows, scale), 0));
    const middle = tf.div<tf.Tensor1D>(sumOf(sums), n);
    const products = chunks(features, (rows) => {
      const centred = tf.sub<tf.Tensor2D>(scaled(rows, scale), middle);
      return tf.matMul<tf.Tensor2D>(centred, centred, true, false);
    });
    return { centre: middle, covariance: tf.div<tf.Tensor2D>(sumOf(products), n - 1) };
  });
  const products = await covariance.data<'float32'>();
  covariance.dispose();
  const { vectors, variances } = decompose(products, size, dimensions);
  const components = tf.tensor2d(vectors, [dimensions, size]);
  const mean = scaled(centre, 1 / scale);
  // Of scaled features, so that nothing leaves float32 on the way.
  const units = whiten ? deviations(variances) : variances.map(() => scale);
  return {
    mean,
    components,
    variances: variances.map((variance) => variance / scale / scale),
    transform(given) {
      requireMatrix('principalComponents', 'features', given);
      requireWidth(given, size);
      return tf.tidy(() => {
        const parts = chunks(given, (rows) =>
          tf.matMul<tf.Tensor2D>(tf.sub<tf.Tensor2D>(scaled(rows, scale), centre), components, false, true),
        );
        const projected = tf.concat2d(parts, 0);
        const isSame = units.every((unit) => unit === 1);
        return isSame ? projected : tf.div<tf.Tensor2D>(projected, tf.tensor1d(Float32Array.from(units)));
      });
    },
    dispose: () => tf.dispose([mean, centre, components]),
  };
}

/** Times a power of two; what is as it should be is not copied to be so, but the result is one to dispose. */
function scaled<T extends tf.Tensor>(tensor: T, scale: number): T {
  return scale === 1 ? tf.clone(tensor) : tf.mul(tensor, scale);
}

/** What `work` makes of some rows after the other; its other tensors are disposed. */
function chunks<T extends tf.Tensor>(features: tf.Tensor2D, work: (rows: tf.Tensor2D) => T): T[] {
  const [n, size] = features.shape;
  const most = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_VALUES / size)));
  if (n <= most) return [tf.tidy(() => work(features))];
  return Array.from({ length: Math.ceil(n / most) }, (_, i) =>
    tf.tidy(() => {
      const first = i * most;
      return work(tf.slice2d(features, [first, 0], [Math.min(most, n - first), size]));
    }),
  );
}

function sumOf<T extends tf.Tensor>(parts: readonly T[]): T {
  return parts.reduce((total, part) => tf.add(total, part));
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
  const variances = Float64Array.from(order.slice(0, dimensions), (i) => Math.max(0, realEigenvalues[i]!));
  return { vectors, variances };
}

function deviations(variances: Float64Array): Float64Array {
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
