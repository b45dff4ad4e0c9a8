import type { Peer } from '../peer.js';
import type { BenchOptions } from '../options.js';
import type { BenchResult } from './record.js';
import type { Outcome } from './runCases.js';

/** What a benchmark is run with. */
export interface BenchContext {
  readonly options: BenchOptions;
  /** The PyTorch to compare with, found when it is first asked for; null where there is none. */
  readonly peer: () => Promise<Peer | null>;
  /** Ends the work early. */
  readonly signal?: AbortSignal | undefined;
  /** Tells the user one line. */
  readonly report: (line: string) => void;
  /** Told each result at once. */
  readonly onResult?: ((result: BenchResult) => void) | undefined;
}

/** A benchmark that `npm run bench -- NAME` can run. */
export interface Benchmark {
  readonly name: string;
  run(context: BenchContext): Promise<Outcome>;
}
