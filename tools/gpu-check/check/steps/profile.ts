import { engineSides } from '../../../bench/engine/engine.js';
import { profiledNetworks } from '../../../bench/engine/networks.js';
import { profileSteps } from '../../../bench/engine/profile.js';
import { gpuCheckError } from '../../errors.js';
import { signalAtDeadline, type Step } from '../step.js';

/** Where the time of a training step goes, kernel by kernel, on both sides. */
export const profile: Step = {
  name: 'profile',
  what: 'the kernels that take most time of a training step, and its copies between host and device',
  leastSeconds: 20,
  mostSeconds: 60,
  async run(context) {
    const { device, tiny, peer: findPeer, tell } = context;
    const peer = await findPeer();
    const sides = await engineSides(peer);
    const networks = profiledNetworks({ tiny });
    const options = { device, backend: 'torch', threads: [1] };
    const profiles = await profileSteps(networks, sides, options, { signal: signalAtDeadline(context) });
    const failures: string[] = [];
    for (const { name, ...both } of profiles) {
      for (const [side, found] of [
        ['ours', both.ours],
        [peer?.name ?? '', both.peer],
      ] as const) {
        if (found === null) continue;
        if ('error' in found) failures.push(`${name}, ${side}: ${found.error}`);
        else tell({ kind: 'profile', name: `${name}, ${side}`, profile: found });
      }
    }
    if (failures.length > 0) throw gpuCheckError('STEP_FAILED', { message: failures.join('\n') });
    return profiles.length < networks.length ? 'there was no time for all networks' : undefined;
  },
};
