/** The losses as loops over float64 numbers, straight from the papers' equations. */
export type Rows = number[][];

export interface NaivePrototypes {
  centroids: Rows;
  assignments: readonly number[];
  concentration: readonly number[];
}

export function naiveInfoNCE(query: Rows, key: Rows, negatives: Rows, temperature: number): number {
  return mean(
    query.map((q, i) => {
      const positive = dot(q, key[i]!) / temperature;
      return crossEntropy(positive, [positive, ...negatives.map((n) => dot(q, n) / temperature)]);
    }),
  );
}

export function naivePrototypeNCE(
  query: Rows,
  { centroids, assignments, concentration }: NaivePrototypes,
  index: readonly number[],
  duplicates: 'merge' | 'keep',
  negatives?: readonly number[],
): number {
  const clusters = index.map((image) => assignments[image]!);
  const positives = duplicates === 'keep' ? clusters : [...new Set(clusters)];
  const unused = centroids.map((_, j) => j).filter((j) => !clusters.includes(j));
  const columns = [...positives, ...(negatives ?? unused)];
  return mean(
    query.map((q, i) => {
      const logit = (j: number) => dot(q, centroids[j]!) / concentration[j]!;
      return crossEntropy(logit(clusters[i]!), columns.map(logit));
    }),
  );
}

export function naiveNtXent(viewA: Rows, viewB: Rows, temperature: number): number {
  const views = [...viewA, ...viewB];
  return mean(
    views.map((view, i) => {
      const logit = (j: number) => dot(view, views[j]!) / temperature;
      const others = views.map((_, j) => j).filter((j) => j !== i);
      return crossEntropy(logit((i + viewA.length) % views.length), others.map(logit));
    }),
  );
}

/** The derivative of `f` by every element of `at`, by central differences in float64. */
export function naiveGradient(f: (at: Rows) => number, at: Rows, step = 1e-5): number[] {
  return at.flatMap((row, i) =>
    row.map((value, j) => {
      const moved = (to: number) => at.map((other, k) => (k === i ? other.with(j, to) : other));
      return (f(moved(value + step)) - f(moved(value - step))) / (2 * step);
    }),
  );
}

function crossEntropy(positive: number, logits: number[]): number {
  const highest = Math.max(...logits);
  return highest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0)) - positive;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
