import { createEncoder, type Architecture, type Encoder, type Stem } from '@protocl/encoders';

import type { TaskParameters } from '../harness/serve.js';

/** Classes of every network here: those of CIFAR-10. */
export const CLASSES = 10;

/** The classifier of the `depth`, `width` and `stem` that a task names. */
export function taskNetwork({ depth, width, stem = 'small' }: TaskParameters): Encoder {
  return createEncoder({
    architecture: `resnet${String(depth)}` as Architecture,
    width: Number(width),
    stem: stem as Stem,
    head: { kind: 'linear', dimension: CLASSES },
    seed: 1,
  });
}
