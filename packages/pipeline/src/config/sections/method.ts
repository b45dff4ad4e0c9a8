import { deepClusterSchema, mocoSchema, pclSchema, simclrSchema } from '@protocl/trainer';
import * as z from 'zod';

/** How the encoder learns; the seed is that of the run. */
export const methodSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({ kind: z.literal('pcl'), ...pclSchema.omit({ seed: true }).shape })
    .describe('Prototypical contrastive learning (Li et al., ICLR 2021).'),
  z
    .strictObject({ kind: z.literal('moco'), ...mocoSchema.omit({ seed: true }).shape })
    .describe('Momentum contrast (He et al., CVPR 2020).'),
  z
    .strictObject({ kind: z.literal('simclr'), ...simclrSchema.shape })
    .describe('SimCLR (Chen et al., ICML 2020).'),
  z
    .strictObject({ kind: z.literal('deepcluster'), ...deepClusterSchema.omit({ seed: true }).shape })
    .describe('DeepCluster (Caron et al., ECCV 2018).'),
]);
