/** What a schedule is laid out over. */
export interface ScheduleSpan {
  readonly epochs: number;
  /** Steps of the optimizer in an epoch. */
  readonly updatesPerEpoch: number;
  /** Images of one step of the optimizer, accumulated batches together. */
  readonly batchSize: number;
}

/** The learning rate of each step of the optimizer, counted from 0 over all epochs. */
export type LearningRates = (update: number) => number;

/** Lays learning rates out over a run. */
export type Schedule = (span: ScheduleSpan) => LearningRates;
