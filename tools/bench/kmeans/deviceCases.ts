import type { Case } from '../harness/comparison.js';
import type { BenchOptions } from '../options.js';

/** One step of Lloyd's algorithm. */
export interface LloydTask {
  readonly n: number;
  readonly dimension: number;
  readonly k: number;
}

/** ImageNet and PCL's granularities. */
const fullSizes = { n: 1_280_000, dimension: 128, clusters: [1000, 25_000, 100_000] };
const tinySizes = { n: 400, dimension: 8, clusters: [5, 40] };

/** From so many clusters on a step takes seconds in full precision, and is not repeated. */
const LONG = 25_000;

/**
 * Steps of Lloyd's algorithm on a graphics processor. They are compared with their floor: the products of all points
 * with all centroids alone, by cuBLAS. A whole step in plain PyTorch is measured beside them.
 */
export function lloydCases({
  device,
  backend,
  threads,
  tiny,
}: Pick<BenchOptions, 'device' | 'backend' | 'threads' | 'tiny'>): Case[] {
  const { n, dimension, clusters } = tiny ? tinySizes : fullSizes;
  return (['tf32', 'float32'] as const).flatMap((precision) =>
    clusters.map((k) => {
      const task = { case: 'lloyd', n, dimension, k, device };
      return {
        name: `lloyd/${n}x${dimension}/k-${k}/${precision}/${device}`,
        measure: 'time' as const,
        unit: 'ms' as const,
        threads: Math.max(...threads),
        iterations: k >= LONG ? 1 : undefined,
        items: n,
        ours: { ...task, backend, float32Precision: precision === 'tf32' ? 'high' : 'highest' },
        peers: [
          { variant: 'products alone', task: { ...task, precision, way: 'products' }, mayFail: true },
          {
            variant: 'whole step',
            task: { ...task, precision, way: 'step' },
            aside: true,
            mayFail: true,
          },
        ],
      };
    }),
  );
}
