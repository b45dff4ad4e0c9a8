import { prepareTorch } from '@protocl/tfjs-backend-torch';

import { gpuCheckError } from '../../errors.js';
import { value, type Step } from '../step.js';

/** The addon, compiled against the machine's own PyTorch. */
export const build: Step = {
  name: 'build',
  what: "compile the addon against the machine's PyTorch",
  leastSeconds: 30,
  mostSeconds: 240,
  repeats: 'with a new program',
  async run({ device, log, tell }) {
    const begun = performance.now();
    const { libtorch } = await prepareTorch({ log });
    tell(value('libtorch', 'version', libtorch.version));
    tell(value('time until the addon was there', 's', (performance.now() - begun) / 1e3));
    if (device === 'cpu' || libtorch.cuda) return undefined;
    throw gpuCheckError('STEP_FAILED', {
      message: 'this PyTorch was built without CUDA',
      given: `${libtorch.version} in ${libtorch.root}`,
      remedy: 'Name the Python that has another in PYTHON',
    });
  },
};
