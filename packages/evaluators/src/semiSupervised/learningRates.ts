import { requireInteger, requirePositive } from '../checks.js';
import { evaluatorError } from '../errors.js';
import type { Setting } from '../evaluation.js';

/** How learning rates fall from epoch to epoch. */
export type RateSchedule =
  | {
      readonly kind: 'step';
      /** The epochs from which on rates are lower, counted from 0, in ascending order. */
      readonly milestones: readonly number[];
      /** What they are multiplied by at each of them. */
      readonly factor: number;
    }
  /** Half a cosine, from the whole rate to almost 0 in the last epoch. */
  | { readonly kind: 'cosine' };

/** @throws {EvaluatorError} `INVALID_OPTION` */
export function requireSchedule(what: string, schedule: RateSchedule): void {
  switch (schedule.kind) {
    case 'step':
      for (const milestone of schedule.milestones) requireInteger(what, 'milestone', milestone, 1);
      requirePositive(what, 'factor', schedule.factor);
      return;
    case 'cosine':
      return;
    default:
      schedule satisfies never;
      throw evaluatorError('INVALID_OPTION', {
        message: `${what} cannot use this schedule`,
        given: (schedule as { readonly kind: unknown }).kind,
        expected: "'step' or 'cosine'",
      });
  }
}

/** The share of the whole learning rate that an epoch has; the epochs are counted from 0. */
export function rateShare(schedule: RateSchedule, epoch: number, epochs: number): number {
  if (schedule.kind === 'cosine') return (1 + Math.cos((Math.PI * epoch) / epochs)) / 2;
  const passed = schedule.milestones.filter((milestone) => epoch >= milestone).length;
  return schedule.factor ** passed;
}

/** A schedule among the settings of a result. */
export function scheduleSettings(schedule: RateSchedule): Record<string, Setting> {
  if (schedule.kind === 'cosine') return { schedule: 'cosine' };
  return { schedule: 'step', milestones: schedule.milestones, factor: schedule.factor };
}
