import type { Case, PeerVariant } from '../harness/comparison.js';
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

/** From so many clusters on a step takes most of a second, and is not repeated. */
const LONG = 25_000;

/**
 * Steps of Lloyd's algorithm on a graphics processor. They are compared with their floor: the products of all points
 * with all centroids alone, by cuBLAS, in full float32 like ours. Whole steps in plain PyTorch are measured beside them,
 * and both with TF32, with which a nearest centroid may be another one.
 */
export function lloydCases({
  device,
  backend,
  threads,
  tiny,
}: Pick<BenchOptions, 'device' | 'backend' | 'threads' | 'tiny'>): Case[] {
  const { n, dimension, clusters } = tiny ? tinySizes : fullSizes;
  return clusters.map((k) => {
    const task = { case: 'lloyd', n, dimension, k, device };
    const way = (variant: string, how: string, precision: string, aside: boolean): PeerVariant => ({
      variant,
      aside,
      mayFail: true,
      task: { ...task, precision, way: how },
    });
    return {
      name: `lloyd/${n}x${dimension}/k-${k}/float32/${device}`,
      measure: 'time',
      unit: 'ms',
      threads: Math.max(...threads),
      iterations: k >= LONG ? 1 : undefined,
      items: n,
      ours: { ...task, backend, float32Precision: 'highest' },
      peers: [
        way('products alone', 'products', 'float32', false),
        way('products alone, TF32', 'products', 'tf32', true),
        way('whole step', 'step', 'float32', true),
        way('whole step, TF32', 'step', 'tf32', true),
      ],
    };
  });
}
