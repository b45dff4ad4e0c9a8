import { median, quartiles } from './statistics.js';
import {
  unitSize,
  type Case,
  type CaseSamples,
  type LeftOut,
  type Library,
  type Samples,
  type Trial,
} from './comparison.js';
import type { Environment } from './environment.js';

/** A figure of each side; null where there is none. */
export interface OfBoth {
  readonly ours: number | null;
  readonly peer: number | null;
}

/** What is known of one way in which the peer does the work. */
export interface VariantRecord {
  readonly label: string;
  readonly median: number;
  /** Not compared with, such as one of a lower precision than ours. */
  readonly aside: boolean;
  readonly hostMilliseconds: number | null;
  readonly itemsPerSecond: number | null;
  readonly deviceMiB: number | null;
}

/** One line of `--json`: the medians of a case. */
export interface BenchRecord {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** The better of the peer's variants that are compared with, or null where there was none. */
  readonly peer: number | null;
  /** ours / peer; under 1 we are better. */
  readonly ratio: number | null;
  /** How many samples each median is of. */
  readonly samples: number;
  /** With the setting that was taken. */
  readonly peerName: string | null;
  /** What the peer computed with, as far as it tells. */
  readonly peerLibraries: readonly Library[];
  /** The peer's settings that were tried before, to find the fastest; empty where all were measured. */
  readonly tried: readonly Trial[];
  /**
   * Of an iteration until its last call has returned, while the device may still be at work: as long as the whole
   * where the host is the limit, and far less where the device is.
   */
  readonly hostMilliseconds: OfBoth;
  /** For cases that say how many items an iteration works through. */
  readonly itemsPerSecond: OfBoth;
  /** The most memory of the device that was allocated at a time. */
  readonly deviceMiB: OfBoth;
  /** The peer's variants that were measured. */
  readonly variants: readonly VariantRecord[];
  /** The best of all variants, those included that are not compared with. */
  readonly fastest: string | null;
  /** Variants without a figure. */
  readonly leftOut: readonly LeftOut[];
  readonly environment: Environment;
}

/** What the table shows beyond the record. */
export interface BenchResult {
  readonly record: BenchRecord;
  /** Quartiles of the ratios of samples that were taken side by side. */
  readonly spread: readonly [number, number] | null;
  readonly limit: number | null;
}

/** Condenses the samples of a case; of the peer's variants to be compared with, the one with the lowest median is. */
export function summarize(
  benchCase: Pick<Case, 'name' | 'unit' | 'limit' | 'items'>,
  { ours, peers, leftOut = [], trials = [] }: CaseSamples,
  environment: Environment,
): BenchResult {
  const best = lowest(peers.filter(({ aside }) => aside !== true));
  const own = describe(ours, benchCase);
  const other = best && describe(best, benchCase);
  const ofBoth = (figure: 'hostMilliseconds' | 'itemsPerSecond' | 'deviceMiB'): OfBoth => ({
    ours: own[figure],
    peer: other && other[figure],
  });
  return {
    record: {
      name: benchCase.name,
      unit: benchCase.unit,
      ours: own.median,
      peer: other && other.median,
      ratio: other && own.median / other.median,
      samples: ours.values.length,
      peerName: best && best.label,
      peerLibraries: best?.libraries ?? [],
      tried: trials,
      hostMilliseconds: ofBoth('hostMilliseconds'),
      itemsPerSecond: ofBoth('itemsPerSecond'),
      deviceMiB: ofBoth('deviceMiB'),
      variants: peers.map((peer) => describe(peer, benchCase)),
      fastest: lowest(peers)?.label ?? null,
      leftOut,
      environment,
    },
    spread: best && spreadOf(ours, best),
    limit: benchCase.limit ?? null,
  };
}

function lowest(samples: readonly Samples[]): Samples | null {
  return samples.reduce<Samples | null>(
    (least, next) => (least && median(least.values) <= median(next.values) ? least : next),
    null,
  );
}

function describe(samples: Samples, { items, unit }: Pick<Case, 'unit' | 'items'>): VariantRecord {
  const { label, values, hostMilliseconds = [], devicePeakBytes, aside = false } = samples;
  const middle = median(values);
  return {
    label,
    median: middle,
    aside,
    hostMilliseconds: hostMilliseconds.length === 0 ? null : median(hostMilliseconds),
    itemsPerSecond: items === undefined ? null : items / (middle * unitSize[unit]),
    deviceMiB: devicePeakBytes === undefined ? null : devicePeakBytes / unitSize.MiB,
  };
}

/** Where time was up within a round, one side has a sample more. */
function spreadOf(ours: Samples, peer: Samples): readonly [number, number] {
  const rounds = Math.min(ours.values.length, peer.values.length);
  return quartiles(ours.values.slice(0, rounds).map((value, i) => value / peer.values[i]!));
}
