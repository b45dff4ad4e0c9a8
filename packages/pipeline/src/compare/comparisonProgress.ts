import { duration } from '../run/duration.js';
import type { RunOutcome } from './performRun.js';
import type { PlannedRun } from './planRuns.js';
import type { RunState } from './runState.js';

export interface ProgressOptions {
  /** Runs to do now, without those that are done. */
  readonly due: number;
  /** All of them. */
  readonly total: number;
  /** At a time. */
  readonly parallel: number;
  readonly log: (line: string) => void;
  /** The time in milliseconds; that of the process by default. */
  readonly now?: () => number;
}

const BEGINNINGS: Readonly<Record<RunState, string>> = {
  new: 'begins',
  begun: 'goes on',
  trained: 'is trained; is judged',
  done: 'is done',
};

/** Tells how far a comparison is: a line at the beginning and at the end of each run. */
export class ComparisonProgress {
  readonly #options: ProgressOptions;
  readonly #now: () => number;
  readonly #begun = new Map<PlannedRun, number>();
  readonly #seconds: number[] = [];
  #ended = 0;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  begin(run: PlannedRun, state: RunState): void {
    this.#begun.set(run, this.#now());
    this.#options.log(`${run.name} ${BEGINNINGS[state]}`);
  }

  end(run: PlannedRun, outcome: RunOutcome): void {
    const seconds = (this.#now() - this.#begun.get(run)!) / 1000;
    this.#begun.delete(run);
    if (outcome.status === 'stopped') {
      this.#options.log(`${run.name} is stopped after ${duration(seconds)}, to go on later`);
      return;
    }
    this.#ended++;
    this.#seconds.push(seconds);
    const { due, total, log } = this.#options;
    const { knn, failures = {} } = outcome.status === 'done' ? outcome.scores : {};
    const missing = Object.keys(failures);
    const parts = [
      `${run.name} ${outcome.status === 'done' ? 'is done' : 'has FAILED'} after ${duration(seconds)}`,
      ...(knn === undefined ? [] : [`kNN ${(100 * knn).toFixed(1)}%`]),
      ...(missing.length === 0 ? [] : [`no scores: ${missing.join(', ')}`]),
      `${total - due + this.#ended} of ${total}`,
      ...(this.#ended < due ? [`about ${duration(this.#secondsLeft())} left`] : []),
    ];
    log(parts.join(' | '));
    // Not at the end alone, which may be hours away.
    if (outcome.status === 'failed') log(`  ${outcome.reason}`);
  }

  /** If what is left takes as long as what has ended. */
  #secondsLeft(): number {
    const { due, parallel } = this.#options;
    const mean = this.#seconds.reduce((sum, seconds) => sum + seconds, 0) / this.#seconds.length;
    const now = this.#now();
    const started = [...this.#begun.values()].map((begun) => Math.max(0, mean - (now - begun) / 1000));
    const waiting = (due - this.#ended - started.length) * mean;
    const work = started.reduce((sum, seconds) => sum + seconds, waiting);
    // The last runs have others beside them no more.
    return Math.max(work / parallel, ...started);
  }
}
