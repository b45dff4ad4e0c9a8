import { pclSchema } from '@protocl/trainer';
import * as z from 'zod';

/** Prototypical contrastive learning (Li et al., ICLR 2021); the seed is that of the run. */
export const methodSchema = z.strictObject({
  kind: z.literal('pcl').default('pcl'),
  ...pclSchema.omit({ seed: true }).shape,
});
