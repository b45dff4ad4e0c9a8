import { join } from 'node:path';

import { bundledSide } from '../harness/bundledSide.js';
import type { Benchmark } from '../harness/benchmark.js';
import type { Sides } from '../harness/comparison.js';
import { failedChecks } from '../harness/failedChecks.js';
import { requireSelection } from '../harness/requireSelection.js';
import { isSelected, runCases } from '../harness/runCases.js';
import { peerSide, type Peer } from '../peer.js';
import { withThreadpoolctl } from '../peerPackages.js';
import { agreementName, checkAgreement } from './agreement.js';
import { engineCases } from './cases.js';
import { deviceEngineCases } from './deviceCases.js';
import { agreementNetworks, networkName, profiledNetworks } from './networks.js';
import { formatProfiles, profileSteps } from './profile.js';

/** The programs of the engine benchmark. */
export async function engineSides(peer: Peer | null): Promise<Sides> {
  return {
    ours: await bundledSide('ours', join(import.meta.dirname, 'ours/worker.ts')),
    peer: peer && peerSide(peer, join(import.meta.dirname, 'peer/worker.py')),
    peerName: peer && peer.name,
  };
}

/** A ResNet's training step and what it consists of, against PyTorch. */
export const engine: Benchmark = {
  name: 'engine',
  async run({ options, peer: findPeer, report, signal, onResult }) {
    const cases = options.deviceCases ? deviceEngineCases(options) : engineCases(options);
    const checked = agreementNetworks(options);
    requireSelection([...checked.map(agreementName), ...cases.map(({ name }) => name)], options.filter);
    const torch = await findPeer();
    const peer = torch && !options.deviceCases ? await withThreadpoolctl(torch, report) : torch;
    const sides = await engineSides(peer);
    const disagreements = await failedChecks(
      {
        tasks: checked,
        nameOf: agreementName,
        check: (network) => checkAgreement(network, sides, options, { signal }),
      },
      { ...options, report },
    );
    const outcome = await runCases(cases, sides, {
      ...options,
      // Programs that start CUDA take seconds to do so.
      keepSides: options.deviceCases,
      report,
      signal,
      onResult,
    });
    return { ...outcome, failures: [...disagreements, ...outcome.failures] };
  },
};

/** Training steps, kernel by kernel. */
export const profile: Benchmark = {
  name: 'profile',
  async run({ options, peer: findPeer, report, signal }) {
    const networks = profiledNetworks(options);
    requireSelection(networks.map(networkName), options.filter);
    const chosen = networks.filter((network) => isSelected(networkName(network), options.filter));
    const sides = await engineSides(await findPeer());
    const profiles = await profileSteps(chosen, sides, options, { signal });
    report(formatProfiles(profiles, sides.peerName));
    const failures = profiles.flatMap(({ name, ours, peer }) =>
      [ours, peer].flatMap((side) => (side && 'error' in side ? [`${name}: ${side.error}`] : [])),
    );
    return { results: [], failures };
  },
};
