/** Multiplies directions of several problems, [P, size], by their matrices. */
export type Multiply = (directions: Float64Array) => Promise<ArrayLike<number>>;

export interface ConjugateGradientsOptions {
  /** A problem ends where its residual is at most this share of its right-hand side. */
  readonly tolerance: number;
  readonly iterations: number;
}

/**
 * Solves A x = b for several symmetric positive definite matrices at once, each by conjugate gradients;
 * a problem that is done waits for the others.
 *
 * @param b float64 [P, size]
 * @returns float64 [P, size]
 * @see Nocedal and Wright, "Numerical Optimization", 2nd edition, algorithm 5.2
 */
export async function conjugateGradients(
  multiply: Multiply,
  b: Float64Array,
  size: number,
  { tolerance, iterations }: ConjugateGradientsOptions,
): Promise<Float64Array> {
  const x = new Float64Array(b.length);
  const residual = b.slice();
  const direction = b.slice();
  const starts = Array.from({ length: b.length / size }, (_, p) => p * size);
  const squares = starts.map((at) => dot(residual, residual, at, size));
  const goals = squares.map((square) => tolerance ** 2 * square);
  const isDone = squares.map((square) => square === 0);
  for (let iteration = 0; iteration < iterations && isDone.includes(false); iteration++) {
    const product = await multiply(direction);
    for (const [p, at] of starts.entries()) {
      if (isDone[p]) continue;
      const curvature = dot(direction, product, at, size);
      const length = squares[p]! / curvature;
      // Rounding can leave a direction without curvature, or hide that it has one.
      if (!(curvature > 0) || !Number.isFinite(length)) {
        isDone[p] = true;
        continue;
      }
      for (let i = at; i < at + size; i++) {
        x[i]! += length * direction[i]!;
        residual[i]! -= length * product[i]!;
      }
      const next = dot(residual, residual, at, size);
      isDone[p] = next <= goals[p]!;
      const turn = next / squares[p]!;
      squares[p] = next;
      for (let i = at; i < at + size; i++) direction[i] = residual[i]! + turn * direction[i]!;
    }
  }
  return x;
}

/** The product of two vectors of `size` values that begin at `at`. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>, at: number, size: number): number {
  let sum = 0;
  for (let i = at; i < at + size; i++) sum += a[i]! * b[i]!;
  return sum;
}
