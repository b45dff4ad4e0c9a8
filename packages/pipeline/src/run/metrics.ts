import type { RunRecordState, State, TrainingEvent } from '@protocl/trainer';
import * as z from 'zod';

import { pipelineError } from '../errors.js';

/** JSON has no NaN. */
const figures = z.record(
  z.string(),
  z
    .number()
    .nullable()
    .transform((value) => value ?? Number.NaN),
);
const metricsSchema = z.object({
  /** By the number of epochs that had been trained. */
  evaluations: z.array(z.object({ epoch: z.number(), figures })),
  /** The E-steps, by the position before which they were made. */
  expectations: z.array(z.object({ epoch: z.number(), step: z.number(), figures })),
});

/** What was measured in a run; the same for every run of the same configuration. */
export type Metrics = z.output<typeof metricsSchema>;

/**
 * Gathers metrics from the events of a run. They are part of a checkpoint: a run that goes on has those
 * up to its checkpoint, and measures again what came after it.
 */
export class MetricsCollector implements RunRecordState {
  #metrics: Metrics = { evaluations: [], expectations: [] };

  /** @returns whether the metrics are others than they were before, or those of the checkpoint that a run goes on from */
  add(event: TrainingEvent): boolean {
    const { evaluations, expectations } = this.#metrics;
    switch (event.type) {
      case 'start':
        return true;
      case 'evaluation':
        evaluations.push({ epoch: event.epoch, figures: event.figures });
        return true;
      case 'expectation':
        expectations.push({ epoch: event.epoch, step: event.step, figures: event.figures });
        return true;
      default:
        return false;
    }
  }

  get metrics(): Metrics {
    return structuredClone(this.#metrics);
  }

  toState(): State {
    return { tensors: {}, values: { ...this.metrics } };
  }

  /** @throws {ProtoclError} `RUN_FOLDER` for another state than `toState` gives */
  fromState({ values }: State): void {
    const parsed = metricsSchema.safeParse(values);
    if (!parsed.success) {
      throw pipelineError('RUN_FOLDER', {
        message: 'the metrics in a checkpoint cannot be understood',
        given: values,
        expected: 'those of evaluations and E-steps',
        remedy: 'Move the checkpoint away to go on from an older one',
        cause: parsed.error,
      });
    }
    this.#metrics = parsed.data;
  }
}
