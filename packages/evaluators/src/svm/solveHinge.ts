import type * as tf from '@tensorflow/tfjs-core';

import { conjugateGradients, dot } from './conjugateGradients.js';
import { HingeBatch } from './hingeBatch.js';
import type { HingeProblem, HingeSolution } from './hingeProblem.js';

export interface SolveHingeOptions {
  /**
   * A problem ends where its objective is certainly within this share of the minimum, and the squared distance to where
   * that lies within the root of the share, beside the squared norm of the weights.
   */
  readonly tolerance: number;
  /** At most so many Newton steps. */
  readonly iterations: number;
  /** Where to begin, for each problem float64 [D+1]; at 0 by default. */
  readonly start?: readonly Float64Array[];
}

const ENOUGH_DECREASE = 1e-4;
const MOST_HALVINGS = 20;
/** The share of the squared norm of a gradient that a step leaves at most, where it is more than rounding. */
const LEAST_FALL = 0.25;
/** The share of an objective that rounding hides: close to the minimum only the gradient tells more. */
const VALUE_PRECISION = 1e-6;
/** A Newton system is solved to this share of its right-hand side, as in LIBLINEAR's primal solver. */
const SYSTEM_TOLERANCE = 0.1;
const MOST_SYSTEM_STEPS = 250;
/** Bytes of one matrix with a value for each sample and problem. */
const BATCH_BYTES = 32 * 2 ** 20;

/**
 * Solves binary support vector machines that share their features, by truncated Newton steps with
 * conjugate gradients: min ½‖w‖² + Σ cᵢ max(0, 1 − yᵢ w·xᵢ)². The objective is convex, so that any
 * method finds the same minimum; here the work is products of matrices, for all problems at once. Since
 * the first term is half a squared norm, the objective is above its minimum by at most half the squared
 * norm of its gradient, and the weights are no further from those of the minimum than the norm itself. The
 * second bound is for small costs, where any weights have nearly the least objective.
 *
 * @param features float32 [n, D+1], the last column 1; stays the caller's
 * @returns a solution for each problem; no tensor is kept
 * @see Keerthi and DeCoste, "A Modified Finite Newton Method for Fast Solution of Large Scale Linear
 *   SVMs", JMLR 2005; Lin, Weng and Keerthi, "Trust Region Newton Method for Large-Scale Logistic
 *   Regression", JMLR 2008; Boyd and Vandenberghe, "Convex Optimization", equation 9.9, for the bound;
 *   Hager and Zhang, "A New Conjugate Gradient Method with Guaranteed Descent", SIAM J. Optim. 2005,
 *   section 4, for steps within the precision of the values
 */
export async function solveHinge(
  features: tf.Tensor2D,
  problems: readonly HingeProblem[],
  options: SolveHingeOptions,
): Promise<HingeSolution[]> {
  const most = Math.max(1, Math.floor(BATCH_BYTES / (4 * features.shape[0])));
  const solutions: HingeSolution[] = [];
  for (let first = 0; first < problems.length; first += most) {
    const part = problems.slice(first, first + most);
    const start = options.start?.slice(first, first + most);
    solutions.push(...(await solveBatch(features, part, { ...options, ...(start && { start }) })));
  }
  return solutions;
}

/** A problem on its way, and its place in the batch that is being worked at. */
interface Course {
  readonly index: number;
  readonly problem: HingeProblem;
  weights: Float64Array;
  /** The squared norm of the gradient at the step before. */
  square: number;
}

async function solveBatch(
  features: tf.Tensor2D,
  problems: readonly HingeProblem[],
  { tolerance, iterations, start }: SolveHingeOptions,
): Promise<HingeSolution[]> {
  const size = features.shape[1];
  const solutions = new Array<HingeSolution>(problems.length);
  let open: Course[] = problems.map((problem, index) => ({
    index,
    problem,
    weights: start?.[index]?.slice() ?? new Float64Array(size),
    square: Infinity,
  }));
  let batch = new HingeBatch(features, problems);
  try {
    for (let iteration = 0; open.length > 0; iteration++) {
      const point = joined(open.map(({ weights }) => weights));
      const { gradient: slopes, losses } = await batch.moveTo(point);
      const gradient = point.map((weight, i) => weight + slopes[i]!);
      const values = open.map((_, p) => dot(point, point, p * size, size) / 2 + losses[p]!);
      const squares = open.map((_, p) => dot(gradient, gradient, p * size, size));
      const gaps = open.map((_, p) => squares[p]! / 2 / values[p]!);
      const isSettled = open.map((course, p) => {
        const isNear = squares[p]! <= Math.sqrt(tolerance) * dot(point, point, p * size, size);
        // A gradient that hardly falls any more is rounding: the weights are as good as none.
        const isRounding = squares[p]! > LEAST_FALL * course.square;
        course.square = squares[p]!;
        return gaps[p]! <= tolerance && (isNear || isRounding);
      });
      const isDone = isSettled.slice();
      if (iteration < iterations && isDone.includes(false)) {
        const waiting = gradient.map((value, i) => (isDone[Math.floor(i / size)]! ? 0 : -value));
        const directions = await conjugateGradients(
          async (given) => {
            const curved = await batch.curve(given);
            return given.map((value, i) => value + curved[i]!);
          },
          waiting,
          size,
          { tolerance: SYSTEM_TOLERANCE, iterations: MOST_SYSTEM_STEPS },
        );
        const lengths = await stepLengths(batch, { point, gradient, directions, values, size, isDone });
        for (const [p, course] of open.entries()) {
          // Without a step that helps, the precision of float32 is reached.
          if (lengths[p] === 0) [isDone[p], isSettled[p]] = [true, gaps[p]! <= tolerance];
          else course.weights = moved(point, directions, lengths[p]!, p * size, size);
        }
      } else isDone.fill(true);
      const remaining = open.filter((course, p) => {
        if (!isDone[p]) return true;
        const [objective, gap] = [values[p]!, gaps[p]!];
        solutions[course.index] = {
          weights: point.slice(p * size, (p + 1) * size),
          objective,
          gap,
          iterations: iteration,
          converged: isSettled[p]!,
        };
        return false;
      });
      if (remaining.length < open.length && remaining.length > 0) {
        batch.dispose();
        batch = new HingeBatch(
          features,
          remaining.map(({ problem }) => problem),
        );
      }
      open = remaining;
    }
    return solutions;
  } finally {
    batch.dispose();
  }
}

/** How far to go along each direction: 1, or less by halves until the objective falls; 0 where it never does. */
async function stepLengths(
  batch: HingeBatch,
  state: {
    readonly point: Float64Array;
    readonly gradient: Float64Array;
    readonly directions: Float64Array;
    readonly values: readonly number[];
    readonly size: number;
    readonly isDone: readonly boolean[];
  },
): Promise<number[]> {
  const { point, gradient, directions, values, size, isDone } = state;
  const lengths = isDone.map((done): number => (done ? 0 : 1));
  const isOpen = isDone.map((done) => !done);
  const steps = batch.steps(directions);
  try {
    for (let halving = 0; halving <= MOST_HALVINGS && isOpen.includes(true); halving++) {
      const losses = await steps.lossesAt(lengths);
      for (const [p, value] of values.entries()) {
        if (!isOpen[p]) continue;
        const at = p * size;
        const length = lengths[p]!;
        const norm =
          dot(point, point, at, size) +
          2 * length * dot(point, directions, at, size) +
          length ** 2 * dot(directions, directions, at, size);
        const slope = dot(gradient, directions, at, size);
        const most = value * (1 + VALUE_PRECISION) + ENOUGH_DECREASE * length * slope;
        if (norm / 2 + losses[p]! <= most) isOpen[p] = false;
        else lengths[p] = length / 2;
      }
    }
    return lengths.map((length, p) => (isOpen[p] ? 0 : length));
  } finally {
    steps.dispose();
  }
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.length * parts[0]!.length);
  parts.forEach((part, p) => all.set(part, p * part.length));
  return all;
}

function moved(
  point: Float64Array,
  directions: Float64Array,
  length: number,
  at: number,
  size: number,
): Float64Array {
  const weights = point.slice(at, at + size);
  for (let i = 0; i < size; i++) weights[i]! += length * directions[at + i]!;
  return weights;
}
