import type { TrainingEvent } from '@protocl/trainer';

/** What was measured in a run; the same for every run of the same configuration. */
export interface Metrics {
  /** By the number of epochs that had been trained. */
  readonly evaluations: readonly {
    readonly epoch: number;
    readonly figures: Readonly<Record<string, number>>;
  }[];
  /** The E-steps, by the position before which they were made. */
  readonly expectations: readonly {
    readonly epoch: number;
    readonly step: number;
    readonly figures: Readonly<Record<string, number>>;
  }[];
}

/** Gathers metrics from the events of a run and of those that it goes on from. */
export class MetricsCollector {
  readonly #evaluations = new Map<number, Metrics['evaluations'][number]>();
  readonly #expectations = new Map<string, Metrics['expectations'][number]>();

  /** @returns whether there is something new */
  add(event: TrainingEvent): boolean {
    switch (event.type) {
      case 'start':
        this.#forgetBeyond(event.epoch, event.step);
        return false;
      case 'evaluation': {
        const { epoch, figures } = event;
        this.#evaluations.set(epoch, { epoch, figures });
        return true;
      }
      case 'expectation': {
        const { epoch, step, figures } = event;
        this.#expectations.set(`${epoch}:${step}`, { epoch, step, figures });
        return true;
      }
      default:
        return false;
    }
  }

  get metrics(): Metrics {
    return {
      evaluations: [...this.#evaluations.values()].sort((a, b) => a.epoch - b.epoch),
      expectations: [...this.#expectations.values()].sort((a, b) => a.epoch - b.epoch || a.step - b.step),
    };
  }

  /** A run that goes on from an older checkpoint measures again what came after it. */
  #forgetBeyond(epoch: number, step: number): void {
    for (const [key, evaluation] of this.#evaluations) {
      if (evaluation.epoch > epoch) this.#evaluations.delete(key);
    }
    for (const [key, place] of this.#expectations) {
      if (place.epoch > epoch || (place.epoch === epoch && place.step > step)) this.#expectations.delete(key);
    }
  }
}
