import { z } from 'zod';

/** When checkpoints are written, and which of them stay. */
export const checkpointsSchema = z.strictObject({
  folder: z.string().min(1),
  /** A checkpoint after every so many epochs, and after the last one. */
  everyEpochs: z.int().positive().default(1),
  /** And one after every so many steps within an epoch. */
  everySteps: z.int().positive().optional(),
  /** The newest ones that stay; two, so that there is another should one be damaged. */
  keepLast: z.int().positive().default(2),
  /** Those of every so many epochs stay too. */
  keepEveryEpochs: z.int().positive().optional(),
  /** The one with the best value of a metric of the evaluation stays too. */
  best: z.strictObject({ metric: z.string().min(1), mode: z.enum(['max', 'min']).default('max') }).optional(),
});

export type CheckpointsOptions = z.input<typeof checkpointsSchema>;
export type ParsedCheckpoints = z.output<typeof checkpointsSchema>;
