import { openBlasCores } from '@protocl/tfjs-backend-torch';

import { acrossCores } from '../harness/blasCores.js';
import type { Case, PeerVariant } from '../harness/comparison.js';
import type { BenchOptions } from '../options.js';

/** What is evaluated. */
export type EvaluatorName = 'ami' | 'knn' | 'logistic' | 'svm' | 'tsne';

/** One evaluation, with the settings that both sides have. */
export interface EvaluatorTask {
  readonly evaluator: EvaluatorName;
  /** Samples to learn from, to embed, or whose clusters are scored. */
  readonly n: number;
  /** Samples to be judged by. */
  readonly heldOut: number;
  readonly dimension: number;
  readonly classes: number;
  /** Of the clusters that are scored. */
  readonly clusters: number;
  /** kNN. */
  readonly neighbours: number;
  readonly temperature: number;
  /** Logistic regression: the weight of half the squared norm beside the mean loss. */
  readonly l2: number;
  /** The linear SVM: C. */
  readonly cost: number;
  readonly perplexity: number;
}

/** Scores that have to agree, each with how far ours may be the worse one. */
export interface Tolerance {
  readonly name: string;
  /** `share` of the peer's score, or a `difference`; `equal` differences count in both directions. */
  readonly kind: 'share' | 'difference' | 'equal';
  readonly most: number;
  readonly better: 'higher' | 'lower';
}

const accuracy: Tolerance = { name: 'accuracy', kind: 'difference', most: 0.005, better: 'higher' };

/** The scores of each evaluator, in the order in which the sides report them. */
export const tolerances: Readonly<Record<EvaluatorName, readonly Tolerance[]>> = {
  ami: [{ name: 'AMI', kind: 'equal', most: 1e-9, better: 'higher' }],
  knn: [accuracy],
  logistic: [accuracy, { name: 'loss', kind: 'share', most: 1e-3, better: 'lower' }],
  svm: [accuracy, { name: 'objective', kind: 'share', most: 1e-3, better: 'lower' }],
  tsne: [
    { name: 'divergence', kind: 'share', most: 0.01, better: 'lower' },
    { name: 'trustworthiness', kind: 'share', most: 0.01, better: 'higher' },
  ],
};

/** At most the time of scikit-learn. */
const TIME_LIMIT = 1;

const fullSizes = {
  sizes: [10_000, 50_000],
  shared: { heldOut: 2000, dimension: 512, classes: 10, clusters: 100, neighbours: 200, perplexity: 30 },
};
const tinySizes = {
  sizes: [150],
  shared: { heldOut: 50, dimension: 8, classes: 3, clusters: 6, neighbours: 20, perplexity: 10 },
};
const settings = { temperature: 0.1, l2: 1e-4, cost: 1 };

/** The tasks; t-SNE, whose time grows with the square of the samples, at the smaller size only. */
export function evaluatorTasks({ tiny }: BenchOptions): EvaluatorTask[] {
  const { sizes, shared } = tiny ? tinySizes : fullSizes;
  const names = Object.keys(tolerances) as EvaluatorName[];
  return sizes.flatMap((n, i) =>
    names
      .filter((evaluator) => evaluator !== 'tsne' || i === 0)
      .map((evaluator) => ({ evaluator, n, ...shared, ...settings })),
  );
}

/** The name of a task, which its case and its check have in common. */
export function taskName({ evaluator, n, dimension }: EvaluatorTask): string {
  return `${evaluator}/${evaluator === 'ami' ? n : `${n}x${dimension}`}`;
}

/** The ways of scikit-learn to each evaluation; for kNN also of others, whose flat searches need no index either. */
const ways: Readonly<Record<EvaluatorName, readonly string[]>> = {
  ami: [''],
  knn: ['euclidean', 'cosine', 'faiss', 'torch'],
  logistic: ['lbfgs', 'newton-cg', 'newton-cholesky'],
  svm: ['primal', 'dual', 'classes at once'],
  tsne: [''],
};

/**
 * The peer's ways to a task.
 *
 * @param cores kernels of OpenBLAS for faiss
 */
export function peerWays(
  task: EvaluatorTask,
  {
    folder,
    threads,
    cores,
  }: { readonly folder: string; readonly threads: number; readonly cores: readonly string[] },
): PeerVariant[] {
  return ways[task.evaluator]
    .filter((way) => threads > 1 || way !== 'classes at once')
    .flatMap((way) => {
      const variant = { variant: way, task: { ...task, folder, ...(way !== '' && { way }) } };
      return way === 'faiss' ? acrossCores([variant], cores.slice(0, 1)) : [variant];
    });
}

/**
 * One evaluation each, from features in memory to scores.
 *
 * @param folder of the files that `writeBlobs` wrote
 * @param cores kernels of OpenBLAS that a library of the peer does not find by itself
 */
export function evaluatorCases(
  folder: string,
  options: BenchOptions,
  cores: readonly string[] = openBlasCores(),
): Case[] {
  const { device, backend, tiny } = options;
  return options.threads.flatMap((threads) =>
    evaluatorTasks(options).map((task) => ({
      name: `${taskName(task)}/${device === 'cpu' ? `threads-${threads}` : device}`,
      measure: 'time',
      unit: task.evaluator === 'ami' ? 'ms' : 's',
      threads,
      ours: { ...task, folder, device, backend },
      peers: peerWays(task, { folder, threads, cores }),
      // Scores of clusters take milliseconds, and are repeated as often as a sample needs.
      iterations: task.evaluator === 'ami' ? undefined : 1,
      // The promise was made for the processor and for the full sizes.
      ...(device === 'cpu' && !tiny && { limit: TIME_LIMIT }),
    })),
  );
}
