import type { Side, SideCommand } from './side.js';

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
}

/** One comparison: what both sides do, and how it is measured. Less is better, always. */
export interface Case {
  readonly name: string;
  /** Time a run, or the memory of a fresh process, or of its device, after a fixed number of runs. */
  readonly measure: 'time' | 'peak-memory' | 'device-memory';
  readonly unit: Unit;
  /** CPU threads that either side may use. */
  readonly threads: number;
  /** The parameters of our side's `prepare` request. */
  readonly ours: Readonly<Record<string, unknown>>;
  /** The comparison is with the fastest (or smallest) of these. */
  readonly peers: readonly PeerVariant[];
  /** How often the work is done for one sample; for times, found by trial where it is missing. */
  readonly iterations?: number | undefined;
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
}

/** All samples of a case: sample i of every contender was taken right beside sample i of the others. */
export interface CaseSamples {
  readonly ours: Samples;
  readonly peers: readonly Samples[];
  /** What the sides said of the libraries that they run on. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A contender in a case: the program to start and the work to ask for. */
export interface Contender {
  readonly label: string;
  readonly side: SideCommand;
  readonly task: Readonly<Record<string, unknown>>;
}

/** Our side first, then each way of the peer's, if there is a peer. */
export function contendersOf(benchCase: Case, sides: Sides): Contender[] {
  const { peer, peerName } = sides;
  const shared = { threads: benchCase.threads };
  const ours = { label: 'ours', side: sides.ours, task: { ...shared, ...benchCase.ours } };
  if (peer === null) return [ours];
  return [
    ours,
    ...benchCase.peers.map(({ variant, task }) => {
      const label = [peerName ?? peer.label, variant].filter((part) => part !== '').join(', ');
      return { label, side: { ...peer, label }, task: { ...shared, ...task } };
    }),
  ];
}

/**
 * Has a side prepare its task.
 *
 * @returns the versions that it runs on, or null where its library lacks that way of doing the task
 * @throws {ProtoclError} if the side crashes or reports an error
 */
export async function prepareSide(
  side: Side,
  task: Contender['task'],
): Promise<Readonly<Record<string, string>> | null> {
  const reply = await side.request({ ...task, cmd: 'prepare' });
  if (typeof reply['unsupported'] === 'string') return null;
  return (reply['versions'] ?? {}) as Readonly<Record<string, string>>;
}

/** The order of a round: forwards and backwards in turn, so that no contender always goes first. */
export function roundOrder<Item>(items: readonly Item[], round: number): readonly Item[] {
  return round % 2 === 0 ? items : items.toReversed();
}
