import { ARCHITECTURES, INPUTS, STEMS } from '@protocl/encoders';
import * as z from 'zod';

import { count } from './numbers.js';

/** The residual network that is trained. */
export const encoderSchema = z.strictObject({
  architecture: z.enum(ARCHITECTURES).default('resnet18').describe('The residual network.'),
  stem: z
    .enum(STEMS)
    .default('small')
    .describe('small: 3x3 for images of 32 px; imagenet: 7x7 with stride 2 and pooling.'),
  input: z
    .enum(INPUTS)
    .default('rgb')
    .describe('The images, or their edges in two channels, without colour (DeepCluster).'),
  width: count.default(64).describe('Channels of the first stage.'),
  head: z
    .strictObject({
      kind: z
        .enum(['linear', 'mlp', 'none'])
        .default('mlp')
        .describe('One layer (v1), two (v2), or nothing.'),
      dimension: z.int().min(2).default(128).describe('Length of the features that are compared.'),
    })
    // Without a head there is no output of its own to have a length.
    .transform(({ kind, dimension }) => (kind === 'none' ? { kind } : { kind, dimension }))
    .prefault({})
    .describe('The projection head.'),
});
