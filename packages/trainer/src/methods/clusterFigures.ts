import type { Prototypes } from '@protocl/losses';

import type { Figures } from '../method.js';
import { NO_CLUSTER } from './prototypes.js';

interface Progress {
  readonly granularity: number;
  readonly redo: number;
  readonly objective: number;
}

/** Follows k-means to the objective of its best run, for each granularity. */
export class Objectives {
  /** By granularity, then by run: the sum of squared distances that its last step began with. */
  readonly #last: number[][] = [];

  add({ granularity, redo, objective }: Progress): void {
    (this.#last[granularity] ??= [])[redo - 1] = objective;
  }

  of(granularity: number): number {
    return Math.min(...(this.#last[granularity] ?? []));
  }
}

/** What an E-step found, for the log: one figure of each kind for each granularity, such as `largest@250`. */
export async function clusterFigures(
  prototypes: readonly Prototypes[],
  objectives: Objectives,
): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const [granularity, { centroids, assignments, concentration }] of prototypes.entries()) {
    const [k] = centroids.shape;
    const values = await concentration.data<'float32'>();
    figures[`objective@${k}`] = objectives.of(granularity);
    figures[`concentration@${k}`] = values.reduce((sum, value) => sum + value, 0) / k;
    Object.assign(figures, clusterSizes(assignments, k));
  }
  return figures;
}

/** How many images the smallest cluster has, the largest one, and that in the middle. */
export function clusterSizes(assignments: Int32Array, k: number): Figures {
  const sizes = new Int32Array(k);
  for (const cluster of assignments) if (cluster !== NO_CLUSTER) sizes[cluster]! += 1;
  sizes.sort();
  return {
    [`smallest@${k}`]: sizes[0]!,
    [`median@${k}`]: (sizes[(k - 1) >> 1]! + sizes[k >> 1]!) / 2,
    [`largest@${k}`]: sizes[k - 1]!,
  };
}
