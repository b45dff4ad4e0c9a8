import { acrossCores, withBestCore } from '../harness/blasCores.js';
import type { Case, PeerVariant } from '../harness/comparison.js';
import type { BenchOptions } from '../options.js';

/** What is clustered, and how. */
export interface KMeansTask {
  readonly n: number;
  readonly dimension: number;
  readonly k: number;
  readonly iterations: number;
  readonly redo: number;
}

/** At most so many times the time of faiss. */
const TIME_LIMIT = 0.8;
/** From so many clusters on bounds save most of the work. */
const MANY_CLUSTERS = 1000;
const LIMIT_FOR_MANY = 0.5;

const fullSizes = { n: 50_000, dimension: 128, clusters: [250, 500, 1000], iterations: 20, redo: 5 };
const tinySizes = { n: 200, dimension: 8, clusters: [5, 10], iterations: 4, redo: 2 };

/** How many points there are, and of how many dimensions. */
export type PointSizes = Pick<KMeansTask, 'n' | 'dimension'>;

/** The sizes of points that are drawn. */
export function drawnSizes({ tiny }: BenchOptions): PointSizes {
  const { n, dimension } = tiny ? tinySizes : fullSizes;
  return { n, dimension };
}

/** The tasks: one for each number of clusters. */
export function kmeansTasks(options: BenchOptions, sizes: PointSizes = drawnSizes(options)): KMeansTask[] {
  const { clusters, iterations, redo } = options.tiny ? tinySizes : fullSizes;
  return clusters.map((k) => ({ n: sizes.n, dimension: sizes.dimension, k, iterations, redo }));
}

/** The name of a task, which its case and its check have in common. */
export function taskName({ n, dimension, k }: KMeansTask): string {
  return `kmeans/${n}x${dimension}/k-${k}`;
}

/**
 * Whole clusterings, the assignment of all points at the end included.
 *
 * @param points the path of the points, float32, row-major
 * @param cores kernels of OpenBLAS that faiss does not find by itself, the best first
 */
export function kmeansCases(
  points: string,
  options: BenchOptions,
  { cores = [], sizes }: { readonly cores?: readonly string[]; readonly sizes?: PointSizes } = {},
): Case[] {
  const { device, backend, tiny } = options;
  return options.threads.flatMap((threads) =>
    kmeansTasks(options, sizes).map((task) => ({
      name: `${taskName(task)}/${device === 'cpu' ? `threads-${threads}` : device}`,
      measure: 'time',
      unit: 's',
      threads,
      ours: { ...task, points, device, backend },
      peers: peerWays({ ...task, points }, threads, cores),
      iterations: 1,
      // The promise was made for the processor and for the full sizes.
      ...(device === 'cpu' && !tiny && { limit: task.k >= MANY_CLUSTERS ? LIMIT_FOR_MANY : TIME_LIMIT }),
    })),
  );
}

/** faiss's default settings with each of the kernels, and what may be faster with the best of them. */
function peerWays(task: object, threads: number, cores: readonly string[]): PeerVariant[] {
  const usual: PeerVariant = { variant: '', task: { ...task } };
  const others: PeerVariant[] = [
    // Points and centroids of a product; 4096 and 1024 by default.
    { variant: 'blocks of 1024', task: { ...task, blocks: [1024, 1024] } },
    ...(threads > 1 ? [{ variant: '1 thread', task: { ...task, threads: 1 } }] : []),
  ];
  return [...acrossCores([usual], cores), ...withBestCore(others, cores)];
}
