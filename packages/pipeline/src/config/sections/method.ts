import { deepClusterSchema, mocoSchema, pclSchema, simclrSchema } from '@protocl/trainer';
import * as z from 'zod';

import { orAuto } from './automatic.js';

const { shape } = pclSchema;

/** Settings of PCL that may be left to be chosen by the number of images. */
const automaticOfPcl = {
  queue: orAuto(shape.queue.unwrap()).default(shape.queue.def.defaultValue),
  granularities: orAuto(shape.granularities),
  warmupEpochs: orAuto(shape.warmupEpochs.unwrap()).default(shape.warmupEpochs.def.defaultValue),
};
const queue = orAuto(mocoSchema.shape.queue.unwrap()).default(mocoSchema.shape.queue.def.defaultValue);

/** How the encoder learns; the seed is that of the run. */
export const methodSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({ kind: z.literal('pcl'), ...pclSchema.omit({ seed: true }).shape, ...automaticOfPcl })
    .describe('Prototypical contrastive learning (Li et al., ICLR 2021).'),
  z
    .strictObject({ kind: z.literal('moco'), ...mocoSchema.omit({ seed: true }).shape, queue })
    .describe('Momentum contrast (He et al., CVPR 2020).'),
  z
    .strictObject({ kind: z.literal('simclr'), ...simclrSchema.shape })
    .describe('SimCLR (Chen et al., ICML 2020).'),
  z
    .strictObject({ kind: z.literal('deepcluster'), ...deepClusterSchema.omit({ seed: true }).shape })
    .describe('DeepCluster (Caron et al., ECCV 2018).'),
]);
