import type { TaskParameters } from '../harness/serve.js';
import { createResNet, type ResNet, type ResNetOptions } from '../../models/resnet.js';

/** Classes of every network here: those of CIFAR-10. */
export const CLASSES = 10;

/** The network of the `depth` and `width` that a task names. */
export function taskNetwork({ depth, width }: TaskParameters): ResNet {
  return createResNet({
    depth: depth as ResNetOptions['depth'],
    width: Number(width),
    classes: CLASSES,
    seed: 1,
  });
}
