import { prepareTorch } from '@protocl/tfjs-backend-torch';

import { bundleSuite } from '../../../conformance/bundle.js';
import { exclusions } from '../../../conformance/exclusions.js';
import { problemsOfFullRun } from '../../../conformance/fullRun.js';
import { runSuite } from '../../../conformance/runSuite.js';
import { gpuCheckError } from '../../errors.js';
import { signalAtDeadline, value, type Step } from '../step.js';

/** One file of the suite stands for all where the check itself is tried out. */
const TINY = 'ops/conv2d_test.js';

/** tfjs-core's own suite on the device. */
export const conformance: Step = {
  name: 'conformance',
  what: "tfjs-core's own suite on the device",
  leastSeconds: 30,
  mostSeconds: 180,
  async run(context) {
    const { device, tiny, tell } = context;
    const { addonPath } = await prepareTorch();
    const signal = signalAtDeadline(context);
    const outcome = await runSuite(
      await bundleSuite('torch'),
      {
        backend: 'torch',
        device,
        addonPath,
        wasmFolder: '',
        filter: tiny ? TINY : undefined,
        excluded: exclusions.map(({ spec }) => spec),
      },
      { signal },
    );
    tell(value('specs', 'count', outcome.specs));
    tell(value('failures', 'count', outcome.failures.length));
    const problems = tiny ? [] : problemsOfFullRun('torch', outcome);
    if (outcome.failures.length === 0 && signal.aborted) return `it ended after ${outcome.specs} specs`;
    if (outcome.failures.length + problems.length === 0) return undefined;
    throw gpuCheckError('STEP_FAILED', {
      message: [
        ...(signal.aborted ? ['Its time was over before its end'] : []),
        ...problems,
        ...outcome.failures.map(({ spec, file, messages }) => `${file}: ${spec}\n${messages.join('\n')}`),
      ].join('\n'),
    });
  },
};
