import { requireKnownOptions } from '@protocl/core/options';
import type { Tensor2D } from '@tensorflow/tfjs-core';

import type { Assigner, Assignment } from '../assigners/assigner.js';
import { requireInteger, requireMatrix } from '../checks.js';
import { clusteringError } from '../errors.js';
import { FaissProcess } from './faissProcess.js';

/** How {@link faissNodeAssigner} searches. */
export interface FaissNodeOptions {
  /**
   * `exact` compares with every centroid. `hnsw` walks a graph of them: quicker from many thousands of centroids on, and
   * now and then it misses the nearest. Default `exact`.
   */
  readonly index?: 'exact' | 'hnsw';
  /** Points that the process gets at a time: 256 .. 1024. Default 512. */
  readonly batchSize?: number;
}

/** faiss-node leaks what it searches for; a process that has leaked this much is replaced by a new one. */
const MOST_LEAKED_BYTES = 2 ** 28;

/**
 * The assigner that searches with faiss-node, in a process of its own: an error inside faiss ends that process, and is
 * a typed error here. The process starts with the first call and ends with `close`.
 *
 * Distances are computed from the differences, so they are exact near 0; faiss compares around the mean of the
 * centroids, so features need not be centred. faiss-node takes numbers one by one: expect
 * some 10 us for each point, many times what the assigner `tensor` needs on a native engine.
 *
 * @throws {ClusteringError} `INVALID_OPTION`; and from `assign` `FAISS_NODE_UNAVAILABLE` where faiss-node is not
 *   installed, `FAISS_NODE_FAILED` where its process ends or reports an error, `NON_FINITE_FEATURES`, `INVALID_SHAPE`
 *   or `INVALID_DTYPE` for what it must not be given, `ASSIGNER_CLOSED` after `close`
 */
export function faissNodeAssigner(options: FaissNodeOptions = {}): Assigner {
  requireKnownOptions('faissNodeAssigner', options, { index: true, batchSize: true });
  const { index = 'exact', batchSize = 512 } = options;
  if (index !== 'exact' && index !== 'hnsw') {
    throw clusteringError('INVALID_OPTION', {
      message: 'faissNodeAssigner does not know this index',
      given: index,
      expected: "'exact' or 'hnsw'",
    });
  }
  requireInteger('faissNodeAssigner', 'batchSize', batchSize, 256);
  if (batchSize > 1024) {
    throw clusteringError('INVALID_OPTION', {
      message: 'faissNodeAssigner cannot use this batchSize',
      given: batchSize,
      expected: 'a whole number of 256 .. 1024',
    });
  }
  return new FaissNodeAssigner(index, batchSize);
}

class FaissNodeAssigner implements Assigner {
  readonly #index: 'exact' | 'hnsw';
  readonly #batchSize: number;
  /** The points of the steps before, which are mostly those of the next one. */
  readonly #known = new WeakMap<Tensor2D, Float32Array>();
  #process: FaissProcess | undefined;
  #leakedBytes = 0;
  #isClosed = false;
  /** One search at a time: the process has one index. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(index: 'exact' | 'hnsw', batchSize: number) {
    this.#index = index;
    this.#batchSize = batchSize;
  }

  assign(points: Tensor2D, centroids: Tensor2D): Promise<Assignment> {
    const search = this.#last.then(() => this.#search(points, centroids));
    this.#last = search.catch(() => undefined);
    return search;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#process?.stop();
    await this.#last;
  }

  async #search(points: Tensor2D, centroids: Tensor2D): Promise<Assignment> {
    requireFitting(points, centroids);
    const [n, dimension] = points.shape;
    const queries = this.#known.get(points) ?? (await finiteValues('points', points));
    this.#known.set(points, queries);
    const vectors = await finiteValues('centroids', centroids);
    const process = await this.#running();
    const centre = meanOfRows(vectors, dimension);
    await process.request({ dimension, index: this.#index, vectors: centred(vectors, centre) });
    const indices = new Int32Array(n);
    for (let start = 0; start < n; start += this.#batchSize) {
      const end = Math.min(start + this.#batchSize, n);
      const batch = centred(queries.subarray(start * dimension, end * dimension), centre);
      this.#leakedBytes += batch.byteLength;
      const labels = await process.request({ queries: batch });
      requireRows(labels, end - start, centroids.shape[0]);
      indices.set(labels, start);
    }
    return { indices, squaredDistances: squaredDistances(queries, vectors, indices, dimension) };
  }

  async #running(): Promise<FaissProcess> {
    if (this.#isClosed)
      throw clusteringError('ASSIGNER_CLOSED', { message: 'this assigner has been closed' });
    if (this.#process?.isRunning === true && this.#leakedBytes < MOST_LEAKED_BYTES) return this.#process;
    await this.#process?.stop();
    this.#leakedBytes = 0;
    return (this.#process = new FaissProcess());
  }
}

function requireFitting(points: Tensor2D, centroids: Tensor2D): void {
  requireMatrix('faissNodeAssigner', 'points', points);
  requireMatrix('faissNodeAssigner', 'centroids', centroids);
  if (points.shape[1] === centroids.shape[1]) return;
  throw clusteringError('INVALID_SHAPE', {
    message: 'faissNodeAssigner cannot compare these',
    given: `points [${points.shape.join(', ')}], centroids [${centroids.shape.join(', ')}]`,
    expected: 'rows of equal length',
  });
}

/** faiss must never see a value that is not finite. */
async function finiteValues(name: string, tensor: Tensor2D): Promise<Float32Array> {
  const values = (await tensor.data()) as Float32Array;
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at === -1) return values;
  throw clusteringError('NON_FINITE_FEATURES', {
    message: `faissNodeAssigner needs finite ${name}, and row ${Math.floor(at / tensor.shape[1])} has a value that is not`,
    given: values[at],
    expected: 'finite numbers',
  });
}

/**
 * What faiss compares: its expansion |p|² - 2 p·c + |c|² rounds in proportion to the norms, which are smallest around
 * the mean of the centroids.
 */
function centred(rows: Float32Array, centre: Float64Array): Float32Array {
  const moved = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += centre.length) {
    for (let d = 0; d < centre.length; d += 1) moved[at + d] = rows[at + d]! - centre[d]!;
  }
  return moved;
}

function meanOfRows(rows: Float32Array, dimension: number): Float64Array {
  const mean = new Float64Array(dimension);
  const count = rows.length / dimension;
  for (let at = 0; at < rows.length; at += 1) mean[at % dimension]! += rows[at]! / count;
  return mean;
}

function requireRows(labels: Int32Array, count: number, k: number): void {
  if (labels.length === count && labels.every((label) => label >= 0 && label < k)) return;
  throw clusteringError('FAISS_NODE_FAILED', {
    message: 'faiss-node did not find a centroid for every point',
    given: `${labels.length} rows, such as ${labels.find((label) => label < 0 || label >= k) ?? labels[0]}`,
    expected: `${count} rows of 0 .. ${k - 1}`,
  });
}

function squaredDistances(
  points: Float32Array,
  centroids: Float32Array,
  indices: Int32Array,
  dimension: number,
): Float32Array {
  const distances = new Float32Array(indices.length);
  for (let i = 0; i < indices.length; i += 1) {
    let sum = 0;
    const centroid = indices[i]! * dimension;
    for (let d = 0; d < dimension; d += 1) {
      sum += (points[i * dimension + d]! - centroids[centroid + d]!) ** 2;
    }
    distances[i] = sum;
  }
  return distances;
}
