import { countOf } from './targets.js';

/** What samples of a class and samples without it weigh; `balanced`: n/2 each, in sum. */
export type ClassWeight = 'balanced' | { readonly positive: number; readonly negative: number };

/** One binary L2-regularized support vector machine with squared hinge loss. */
export interface HingeProblem {
  /** int8 [n]: 1, -1, or 0 for samples that are left out. */
  readonly targets: Int8Array;
  /** What the squared hinge loss of a positive sample weighs: C times the weight of the class. */
  readonly positive: number;
  /** The same for negative samples. */
  readonly negative: number;
}

/** Where the solution of a problem ended. */
export interface HingeSolution {
  /** float64 [D+1]: weights, then the bias. */
  readonly weights: Float64Array;
  /** Half the squared norm of the weights, bias included, plus the weighted squared hinge losses. */
  readonly objective: number;
  /** The objective is at most so much, as a share of itself, above its minimum. */
  readonly gap: number;
  /** Newton steps. */
  readonly iterations: number;
  /** Whether the gap is within the tolerance, and so are the weights. */
  readonly converged: boolean;
}

/** The problem of one class. */
export function problemOf(targets: Int8Array, cost: number, classWeight: ClassWeight): HingeProblem {
  if (classWeight !== 'balanced') {
    return { targets, positive: cost * classWeight.positive, negative: cost * classWeight.negative };
  }
  const [positives, negatives] = [countOf(targets, 1), countOf(targets, -1)];
  const half = (cost * (positives + negatives)) / 2;
  return { targets, positive: half / positives, negative: half / negatives };
}
