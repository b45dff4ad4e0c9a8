/** The joint probabilities of pairs i < j, in rows by i. Pairs that do not appear have probability 0. */
export interface PairProbabilities {
  /** [n + 1], where the pairs of each i begin. */
  readonly starts: Int32Array;
  /** The j of each pair. */
  readonly others: Int32Array;
  /** p_ij of each pair, which is p_ji too; together they add up to 1/2. */
  readonly values: Float64Array;
}

/** Conditional probabilities below this add nothing, and would underflow to 0, which has no logarithm. */
const LEAST = 1e-200;

/**
 * Makes the probabilities of points and their neighbours symmetric: p_ij = (p_j|i + p_i|j) / 2n.
 *
 * @param indices [n · k], the neighbours of each point, itself not among them
 * @param conditional [n · k], p_j|i
 * @see van der Maaten and Hinton, Visualizing data using t-SNE, JMLR 2008, section 3.1
 */
export function pairProbabilities(
  indices: Int32Array,
  conditional: Float64Array,
  k: number,
): PairProbabilities {
  const n = indices.length / k;
  const incoming = transpose(indices, n);
  const starts = new Int32Array(n + 1);
  const others = new Int32Array(indices.length);
  const values = new Float64Array(indices.length);
  const sums = new Float64Array(n);
  let count = 0;
  for (let i = 0; i < n; i++) {
    const first = count;
    const add = (other: number, edge: number): void => {
      if (other < i) return;
      if (conditional[edge]! < LEAST) return;
      if (sums[other] === 0) others[count++] = other;
      sums[other]! += conditional[edge]!;
    };
    for (let edge = i * k; edge < (i + 1) * k; edge++) add(indices[edge]!, edge);
    for (let at = incoming.starts[i]!; at < incoming.starts[i + 1]!; at++) {
      const edge = incoming.edges[at]!;
      add(Math.floor(edge / k), edge);
    }
    for (let at = first; at < count; at++) {
      values[at] = sums[others[at]!]! / (2 * n);
      sums[others[at]!] = 0;
    }
    starts[i + 1] = count;
  }
  return { starts, others: others.slice(0, count), values: values.slice(0, count) };
}

/** For each point the places in `indices` that name it. */
function transpose(indices: Int32Array, n: number) {
  const starts = new Int32Array(n + 1);
  for (const index of indices) starts[index + 1]!++;
  for (let i = 0; i < n; i++) starts[i + 1]! += starts[i]!;
  const next = starts.slice(0, n);
  const edges = new Int32Array(indices.length);
  indices.forEach((index, edge) => (edges[next[index]!++] = edge));
  return { starts, edges };
}
