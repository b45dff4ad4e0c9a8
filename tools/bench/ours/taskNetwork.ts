import { createEncoder, type Architecture, type Encoder } from '@protocl/encoders';

import type { TaskParameters } from '../harness/serve.js';

/** Classes of every network here: those of CIFAR-10. */
export const CLASSES = 10;

/** The classifier of the `depth` and `width` that a task names. */
export function taskNetwork({ depth, width }: TaskParameters): Encoder {
  return createEncoder({
    architecture: `resnet${String(depth)}` as Architecture,
    width: Number(width),
    head: { kind: 'linear', dimension: CLASSES },
    seed: 1,
  });
}
