/** A value of an option, as it can be written to a report. */
export type Setting = number | string | boolean | null | readonly Setting[];

/** What every evaluator of this package returns: named scores, and the settings that produced them. */
export interface Evaluation {
  readonly scores: Readonly<Record<string, number>>;
  /** All options, defaults included, that a repetition needs. */
  readonly settings: Readonly<Record<string, Setting>>;
}
