import { z } from 'zod';

import { trainerError } from '../errors.js';
import { parseOptions, unknownKind, withoutKind } from '../parseOptions.js';
import type { Schedule, ScheduleSpan } from './schedule.js';

const common = {
  /** Of the steps after the warm-up, before any decay; per `per` images where that is given. */
  learningRate: z.number().positive(),
  /** The images that the learning rate is stated for: it is scaled by batch / per. */
  per: z.int().positive().optional(),
  /** Epochs over which the rate rises in equal parts, one a step, to the full one. May be fractional. */
  warmupEpochs: z.number().min(0).default(0),
};

export const constantSchema = z.strictObject({ kind: z.literal('constant'), ...common });

export const stepSchema = z.strictObject({
  kind: z.literal('step'),
  ...common,
  /** The epochs from whose first step on the rate is lower, counted from 0. */
  milestones: z.array(z.int().positive()).min(1).default([120, 160]),
  /** What the rate is multiplied by at each of them. */
  factor: z.number().positive().default(0.1),
});

export const cosineSchema = z.strictObject({
  kind: z.literal('cosine'),
  ...common,
  /** The rate that the cosine ends at. */
  minimum: z.number().min(0).default(0),
});

/** The schedules as data, told apart by `kind`. */
export const scheduleSchema = z.discriminatedUnion('kind', [constantSchema, stepSchema, cosineSchema]);

export type ScheduleOptions = z.input<typeof scheduleSchema>;
export type ConstantOptions = Omit<z.input<typeof constantSchema>, 'kind'>;
export type StepOptions = Omit<z.input<typeof stepSchema>, 'kind'>;
export type CosineOptions = Omit<z.input<typeof cosineSchema>, 'kind'>;

/**
 * One rate for all steps after the warm-up.
 *
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `INVALID_OPTION`
 */
export function constant(options: ConstantOptions): Schedule {
  const parsed = parseOptions('constant', constantSchema.omit({ kind: true }), options);
  return withWarmup(parsed, (full) => () => full);
}

/**
 * A rate that falls by a factor at certain epochs.
 *
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `INVALID_OPTION`
 */
export function step(options: StepOptions): Schedule {
  const parsed = parseOptions('step', stepSchema.omit({ kind: true }), options);
  const { milestones, factor } = parsed;
  return withWarmup(parsed, (full, { updatesPerEpoch }) => (update) => {
    const passed = milestones.filter((epoch) => update >= epoch * updatesPerEpoch).length;
    return full * factor ** passed;
  });
}

/**
 * A rate that falls along half a cosine from the end of the warm-up to the end of the run.
 *
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `INVALID_OPTION`
 * @see Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017, equation 5
 */
export function cosine(options: CosineOptions): Schedule {
  const parsed = parseOptions('cosine', cosineSchema.omit({ kind: true }), options);
  const { minimum } = parsed;
  return withWarmup(parsed, (full, { epochs, updatesPerEpoch }, warmup) => {
    const length = Math.max(1, epochs * updatesPerEpoch - warmup);
    return (update) =>
      minimum + ((full - minimum) * (1 + Math.cos((Math.PI * (update - warmup)) / length))) / 2;
  });
}

/** The schedule that a configuration describes. */
export function scheduleOf(options: ScheduleOptions): Schedule {
  switch (options.kind) {
    case 'constant':
      return constant(withoutKind(options));
    case 'step':
      return step(withoutKind(options));
    case 'cosine':
      return cosine(withoutKind(options));
    default:
      throw unknownKind('scheduleOf', options, ['constant', 'step', 'cosine']);
  }
}

/** Puts a linear warm-up before a decay: the first step has one part of the rate, the last all of them. */
function withWarmup(
  {
    learningRate,
    per,
    warmupEpochs,
  }: { learningRate: number; per?: number | undefined; warmupEpochs: number },
  decay: (full: number, span: ScheduleSpan, warmup: number) => (update: number) => number,
): Schedule {
  return (span) => {
    if (warmupEpochs >= span.epochs && warmupEpochs > 0) {
      throw trainerError('INVALID_OPTION', {
        message: 'the warm-up of the learning rate does not end before the run does',
        given: `warmupEpochs ${warmupEpochs} of ${span.epochs} epochs`,
        expected: 'fewer epochs of warm-up than of training',
        remedy: 'Lower warmupEpochs or train longer',
      });
    }
    const warmup = Math.round(warmupEpochs * span.updatesPerEpoch);
    const full = per === undefined ? learningRate : (learningRate * span.batchSize) / per;
    const decayed = decay(full, span, warmup);
    return (update) => (update < warmup ? (full * (update + 1)) / warmup : decayed(update));
  };
}
