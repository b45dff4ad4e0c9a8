import { trainingSchema as trainerSchema } from '@protocl/trainer';
import * as z from 'zod';

export { optimizerSchema, scheduleSchema } from '@protocl/trainer';

/** How long and with how many images a step. */
export const trainingSchema = z.strictObject({
  ...trainerSchema.shape,
  batchSize: z.int().min(2).default(256).describe('Images of a batch.'),
});
