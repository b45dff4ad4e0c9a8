import { agreement } from './agreement/agreement.js';
import type { Step } from './step.js';
import { build } from './steps/build.js';
import { conformance } from './steps/conformance.js';
import { images } from './steps/images.js';
import { training } from './steps/training.js';

/** What the check consists of: the most telling first, since a machine may be taken away at any time. */
export const steps: readonly Step[] = [build, agreement, conformance, images, training];
