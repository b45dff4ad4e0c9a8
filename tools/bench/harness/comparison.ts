import type { RequestOptions, Side, SideCommand } from './side.js';

/** What a case's figures are given in. */
export type Unit = 's' | 'ms' | 'us' | 'MiB';

/** Seconds, or bytes, in one of a unit. */
export const unitSize: Readonly<Record<Unit, number>> = { s: 1, ms: 1e-3, us: 1e-6, MiB: 2 ** 20 };

/** One way in which the peer does the work of a case. */
export interface PeerVariant {
  /** Such as `channels_last`; empty where there is only one way. */
  readonly variant: string;
  /** The parameters of the peer's `prepare` request. */
  readonly task: Readonly<Record<string, unknown>>;
  /** Of the peer's process, such as `OPENBLAS_CORETYPE`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Measured and recorded, but not what ours is compared with, such as one of a lower precision. */
  readonly aside?: boolean;
  /** Where it fails, such as for want of a compiler, the case goes on without it. */
  readonly mayFail?: boolean;
  /** Takes long to prepare, but no time of the device, so that such variants do it at the same time. */
  readonly compiles?: boolean;
}

/** One comparison: what both sides do, and how it is measured. Less is better, always. */
export interface Case {
  readonly name: string;
  /** Time a run, or the memory of a fresh process after a fixed number of runs. */
  readonly measure: 'time' | 'peak-memory';
  readonly unit: Unit;
  /** CPU threads that either side may use. */
  readonly threads: number;
  /** The parameters of our side's `prepare` request. */
  readonly ours: Readonly<Record<string, unknown>>;
  /** The comparison is with the fastest (or smallest) of these. */
  readonly peers: readonly PeerVariant[];
  /** How often the work is done for one sample; for times, found by trial where it is missing. */
  readonly iterations?: number | undefined;
  /** What one iteration works through, such as the images of a batch; gives a rate. */
  readonly items?: number | undefined;
  /** The ratio that we promise not to exceed. */
  readonly limit?: number;
}

/** The two programs of a comparison. Without a peer only our side is measured. */
export interface Sides {
  readonly ours: SideCommand;
  readonly peer: SideCommand | null;
  /** The peer's name and version, such as `PyTorch 2.13.0`. */
  readonly peerName: string | null;
}

/** The samples that one contender gave, in the case's unit. */
export interface Samples {
  readonly label: string;
  readonly values: readonly number[];
  /** Milliseconds of an iteration until its last call has returned, while the device may still be at work. */
  readonly hostMilliseconds?: readonly number[];
  /** The most bytes of the device that were allocated at a time while the samples were taken. */
  readonly devicePeakBytes?: number | undefined;
  /** Not to be compared with. */
  readonly aside?: boolean;
  /** What it computes with, as far as its process tells. */
  readonly libraries?: readonly Library[];
}

/** A library that computes on threads of its own, as threadpoolctl shows it. */
export interface Library {
  /** Such as `OpenBLAS`. */
  readonly name: string;
  readonly version: string | null;
  /** Of the processor whose kernels are used, such as `SkylakeX`. */
  readonly architecture: string | null;
  readonly threads: number;
  /** Whose it is, such as `faiss_cpu`. */
  readonly package: string;
}

/** What became of one of the peer's settings when all were tried. */
export interface Trial {
  readonly label: string;
  /** Of its samples, in the case's unit; null where it was ended before it gave one. */
  readonly median: number | null;
  readonly samples: number;
  /** Whether it is what ours is compared with. */
  readonly taken: boolean;
  readonly libraries: readonly Library[];
}

/** A variant of the peer's without samples, and its whole message. */
export interface LeftOut {
  readonly label: string;
  readonly reason: string;
}

/** All samples of a case: sample i of every contender was taken right beside sample i of the others. */
export interface CaseSamples {
  readonly ours: Samples;
  readonly peers: readonly Samples[];
  readonly leftOut?: readonly LeftOut[];
  /** Where the peer's settings were tried first. */
  readonly trials?: readonly Trial[];
  /** What the sides said of the libraries that they run on. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A contender in a case: the program to start and the work to ask for. */
export interface Contender {
  readonly label: string;
  readonly side: SideCommand;
  readonly task: Readonly<Record<string, unknown>>;
  readonly aside: boolean;
  readonly mayFail: boolean;
  readonly compiles: boolean;
}

/** Our side first, then each way of the peer's, if there is a peer. */
export function contendersOf(benchCase: Case, sides: Sides): Contender[] {
  const { peer, peerName } = sides;
  const shared = { threads: benchCase.threads };
  const task = { ...shared, ...benchCase.ours };
  const ours = { label: 'ours', side: sides.ours, task, aside: false, mayFail: false, compiles: false };
  if (peer === null) return [ours];
  return [
    ours,
    ...benchCase.peers.map(
      ({ variant, task, environment, aside = false, mayFail = false, compiles = false }) => {
        const label = [peerName ?? peer.label, variant].filter((part) => part !== '').join(', ');
        const side = { ...peer, label, environment: { ...peer.environment, ...environment } };
        return { label, side, task: { ...shared, ...task }, aside, mayFail, compiles };
      },
    ),
  ];
}

/** What became of a `prepare` request. */
export interface Prepared {
  /** What the side runs on. */
  readonly versions: Readonly<Record<string, string>>;
  /** Why its library cannot do the task in that way, where it cannot. */
  readonly unsupported: string | undefined;
}

/**
 * Has a side prepare its task.
 *
 * @throws {ProtoclError} if the side crashes or reports an error
 */
export async function prepareSide(
  side: Side,
  task: Contender['task'],
  options: RequestOptions = {},
): Promise<Prepared> {
  const reply = await side.request({ ...task, cmd: 'prepare' }, options);
  return {
    versions: (reply['versions'] ?? {}) as Readonly<Record<string, string>>,
    unsupported: typeof reply['unsupported'] === 'string' ? reply['unsupported'] : undefined,
  };
}

/** The order of a round: forwards and backwards in turn, so that no contender always goes first. */
export function roundOrder<Item>(items: readonly Item[], round: number): readonly Item[] {
  return round % 2 === 0 ? items : items.toReversed();
}
