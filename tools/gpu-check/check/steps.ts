import { agreement } from './agreement/agreement.js';
import type { Step } from './step.js';
import { augmentation, compiled, engine, epoch, kmeans } from './steps/benches.js';
import { build } from './steps/build.js';
import { conformance } from './steps/conformance.js';
import { images } from './steps/images.js';
import { profile } from './steps/profile.js';
import { training } from './steps/training.js';

/**
 * What the check consists of: the most telling first, since a machine may be taken away at any time. What
 * PyTorch compiles takes it a minute each; training has a few minutes before that, and all that is left behind it.
 */
export const steps: readonly Step[] = [
  build,
  agreement,
  conformance,
  engine,
  profile,
  images,
  epoch,
  kmeans,
  augmentation,
  training,
  compiled,
];
