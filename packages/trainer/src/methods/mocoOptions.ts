import { z } from 'zod';

import { contrastShape } from './contrastOptions.js';

/**
 * MoCo's options; the defaults are those of MoCo v2 on ImageNet (Chen et al., 2020). MoCo v1 (He et al., CVPR
 * 2020) has a temperature of 0.07.
 */
export const mocoSchema = z.strictObject(contrastShape);

export type MocoOptions = z.input<typeof mocoSchema>;
