import { trainingSchema as trainerSchema } from '@protocl/trainer';
import * as z from 'zod';

import { orAuto } from './automatic.js';

export { optimizerSchema, scheduleSchema } from '@protocl/trainer';

/** How long and with how many images a step. */
export const trainingSchema = z.strictObject({
  ...trainerSchema.shape,
  epochs: orAuto(trainerSchema.shape.epochs).describe('Times that every image is seen, or auto.'),
  batchSize: orAuto(z.int().min(2)).default(256).describe('Images of a batch, or auto.'),
});
