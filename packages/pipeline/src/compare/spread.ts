/** Several measurements of one thing. */
export interface Spread {
  readonly mean: number;
  /** The sample standard deviation, over n - 1; null of a single one. */
  readonly deviation: number | null;
  readonly n: number;
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: n > 1 ? Math.sqrt(squares / (n - 1)) : null, n };
}
