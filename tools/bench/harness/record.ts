import { median, quartiles } from './statistics.js';
import type { Case, CaseSamples, Samples } from './comparison.js';
import type { Environment } from './environment.js';

/** One line of `--json`: the medians of a case. */
export interface BenchRecord {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** The better of the peer's variants, or null where there was no peer. */
  readonly peer: number | null;
  /** ours / peer; under 1 we are better. */
  readonly ratio: number | null;
  /** How many samples each median is of. */
  readonly samples: number;
  readonly peerName: string | null;
  readonly environment: Environment;
}

/** What the table shows beyond the record. */
export interface BenchResult {
  readonly record: BenchRecord;
  /** Quartiles of the ratios of samples that were taken side by side. */
  readonly spread: readonly [number, number] | null;
  /** The median of every variant of the peer's, the better one included. */
  readonly variants: readonly { readonly label: string; readonly median: number }[];
  readonly limit: number | null;
}

/** Condenses the samples of a case; the peer's variant with the lowest median is the one compared with. */
export function summarize(
  benchCase: Pick<Case, 'name' | 'unit' | 'limit'>,
  { ours, peers }: CaseSamples,
  environment: Environment,
): BenchResult {
  const best = peers.reduce<Samples | null>(
    (least, next) => (least && median(least.values) <= median(next.values) ? least : next),
    null,
  );
  const ourMedian = median(ours.values);
  const peerMedian = best && median(best.values);
  return {
    record: {
      name: benchCase.name,
      unit: benchCase.unit,
      ours: ourMedian,
      peer: peerMedian,
      ratio: peerMedian === null ? null : ourMedian / peerMedian,
      samples: ours.values.length,
      peerName: best && best.label,
      environment,
    },
    spread: best && quartiles(ours.values.map((value, i) => value / best.values[i]!)),
    variants: peers.map(({ label, values }) => ({ label, median: median(values) })),
    limit: benchCase.limit ?? null,
  };
}
