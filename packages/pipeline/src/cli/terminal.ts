import type { Output } from '../run/progress.js';

/** Where a command writes. */
export interface Terminal {
  /** For results: standard output. */
  readonly print: (line: string) => void;
  /** For what happens on the way: standard error. */
  readonly output: Output;
  /** How the command line is called from here, which help and advice then name; `protocl` by default. */
  readonly called?: string;
  /** The same of `train` alone. */
  readonly trainCommand?: string;
  /** The program, with its first arguments, that `compare` starts for each run; by default this one. */
  readonly program?: readonly string[];
}
