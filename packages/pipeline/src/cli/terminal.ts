import type { Output } from '../run/progress.js';

/** Where a command writes. */
export interface Terminal {
  /** For results: standard output. */
  readonly print: (line: string) => void;
  /** For what happens on the way: standard error. */
  readonly output: Output;
}
