import type { Peer } from '../../bench/peer.js';
import type { Figure } from './record.js';

/** What a step may use, in the process of its own that it runs in. */
export interface StepContext {
  /** The folder of everything unpacked, and of what steps leave for later ones. */
  readonly home: string;
  /** `cuda`, `cuda:N` or `cpu`. */
  readonly device: string;
  /** Where files that are to come home are put. */
  readonly results: string;
  /** Sizes for trying out the check itself. */
  readonly tiny: boolean;
  /** When to be done, in milliseconds since 1970; soon after it the process is ended. */
  readonly deadline: number;
  /** The PyTorch to compare with. */
  readonly peer: () => Promise<Peer | null>;
  /** Keeps a figure, at once: what a step has told is not lost when it fails. */
  readonly tell: (figure: Figure) => void;
  readonly log: (line: string) => void;
}

/** A part of the check. */
export interface Step {
  readonly name: string;
  /** What it does, in a few words. */
  readonly what: string;
  /** It is not begun with less time than this. */
  readonly leastSeconds: number;
  /** It is cut off after this much. */
  readonly mostSeconds: number;
  /** What it cannot do without. */
  readonly needs?: readonly ('cuda' | 'carried images' | 'images')[];
  /**
   * When it is run again though it has passed: with a mended program, or in each call, at its end too, where it fills
   * the time that is left.
   */
  readonly repeats?: 'with a new program' | 'while there is time';
  /**
   * @returns nothing, or what there was no time for
   * @throws what makes the step fail, after the figures that it could get
   */
  run(context: StepContext): Promise<string | undefined>;
}

/** Is aborted when a step should be done. */
export function signalAtDeadline(context: Pick<StepContext, 'deadline'>): AbortSignal {
  return AbortSignal.timeout(Math.max(1, secondsLeft(context) * 1e3));
}

/** Seconds until a step should be done. */
export function secondsLeft({ deadline }: Pick<StepContext, 'deadline'>): number {
  return (deadline - Date.now()) / 1000;
}

/** A number among the figures. */
export function value(name: string, unit: string, number: number | string): Figure {
  return { kind: 'value', name, unit, value: number };
}
