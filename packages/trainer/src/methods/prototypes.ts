import type { Prototypes } from '@protocl/losses';
import * as tf from '@tensorflow/tfjs-core';

import { trainerError } from '../errors.js';
import { readTensors, toTensor, type State, type TensorState } from '../state.js';

/** The cluster of an image that the E-step did not see. */
export const NO_CLUSTER = -1;
/** Its distance to a centroid. */
export const NO_DISTANCE = -1;

/** Clusters of a data set. */
export interface DatasetPrototypes extends Prototypes {
  /**
   * [n], of each image to its centroid, for those who look at the clusters: training takes no notice of them.
   * Undefined in a checkpoint of before they were kept.
   */
  readonly distances?: Float32Array;
}

/**
 * Clusters of some images of a data set as clusters of the data set.
 *
 * @param images [m]: the image of each assignment
 * @param size n
 */
export function ofDataset(
  prototypes: Prototypes & Required<DatasetPrototypes>,
  images: Int32Array,
  size: number,
): DatasetPrototypes {
  const { centroids, concentration } = prototypes;
  const assignments = new Int32Array(size).fill(NO_CLUSTER);
  const distances = new Float32Array(size).fill(NO_DISTANCE);
  for (const [row, image] of images.entries()) {
    assignments[image] = prototypes.assignments[row]!;
    distances[image] = prototypes.distances[row]!;
  }
  return { centroids, concentration, assignments, distances };
}

/**
 * The rows whose images the E-step saw: all of them, unless an image could not be read then.
 *
 * @returns tensors of the caller's tidy; nothing where there is no such row
 */
export function rowsWithClusters(
  query: tf.Tensor2D,
  indices: Int32Array,
  { assignments }: Prototypes,
): { query: tf.Tensor2D; indices: Int32Array } | undefined {
  const rows = Int32Array.from(indices.keys()).filter((row) => assignments[indices[row]!] !== NO_CLUSTER);
  if (rows.length === indices.length) return { query, indices };
  if (rows.length === 0) return undefined;
  return { query: tf.gather(query, tf.tensor1d(rows, 'int32')), indices: rows.map((row) => indices[row]!) };
}

export function disposePrototypes(prototypes: readonly Prototypes[]): void {
  for (const { centroids, concentration } of prototypes) tf.dispose([centroids, concentration]);
}

/** The clusters of all granularities as plain data. */
export async function prototypesToState(prototypes: readonly DatasetPrototypes[]): Promise<State> {
  const tensors: Record<string, TensorState> = {};
  for (const [index, { centroids, concentration, assignments, distances }] of prototypes.entries()) {
    const read = await readTensors({ centroids, concentration });
    const shape = [assignments.length];
    for (const [name, tensor] of Object.entries({
      ...read,
      assignments: { dtype: 'int32', shape, data: assignments } as const,
      ...(distances && { distances: { dtype: 'float32', shape, data: distances } as const }),
    })) {
      tensors[`${index}/${name}`] = tensor;
    }
  }
  return { tensors };
}

/** What stored clusters have to be like. */
interface Expected {
  readonly granularities: readonly number[];
  readonly dimension: number;
  /** n */
  readonly size: number;
}

/**
 * The clusters of {@link prototypesToState}: none before the first E-step, else one for each granularity.
 * The caller disposes them.
 *
 * @throws {ProtoclError} `CHECKPOINT_MISMATCH`
 */
export function prototypesFromState({ tensors }: State, expected: Expected): DatasetPrototypes[] {
  const names = Object.keys(tensors);
  if (names.length === 0) return [];
  const { granularities, dimension, size } = expected;
  const withDistances = '0/distances' in tensors;
  const fits =
    names.length === (withDistances ? 4 : 3) * granularities.length &&
    granularities.every(
      (k, index) =>
        hasShape(tensors[`${index}/centroids`], [k, dimension]) &&
        hasShape(tensors[`${index}/concentration`], [k]) &&
        hasShape(tensors[`${index}/assignments`], [size]) &&
        (!withDistances || hasShape(tensors[`${index}/distances`], [size])),
    );
  if (!fits) {
    throw trainerError('CHECKPOINT_MISMATCH', {
      message: 'the stored prototypes are of other granularities, features or images',
      given: names.map((name) => `${name} [${tensors[name]!.shape.join(', ')}]`).join('; '),
      expected: `granularities ${granularities.join(', ')} of ${size} images with ${dimension} features`,
      remedy: 'Resume with the settings and the data set that the checkpoint was made with',
    });
  }
  return granularities.map((_, index) => ({
    centroids: toTensor(tensors[`${index}/centroids`]!) as tf.Tensor2D,
    concentration: toTensor(tensors[`${index}/concentration`]!) as tf.Tensor1D,
    assignments: Int32Array.from(tensors[`${index}/assignments`]!.data),
    ...(withDistances && { distances: Float32Array.from(tensors[`${index}/distances`]!.data) }),
  }));
}

function hasShape(tensor: TensorState | undefined, shape: readonly number[]): boolean {
  return tensor?.shape.join() === shape.join();
}
