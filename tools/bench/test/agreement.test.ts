import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { checkAgreement } from '../engine/agreement.js';
import { agreementNetworks, type NetworkSizes } from '../engine/networks.js';
import type { Sides } from '../harness/comparison.js';
import { parseOptions } from '../options.js';
import { FakeSides } from './fakeSides.js';

let fakes: FakeSides;
beforeEach(() => {
  fakes = new FakeSides();
});
afterEach(() => fakes.dispose());

const options = parseOptions(['engine', '--tiny']);
const [network] = agreementNetworks(options) as [NetworkSizes];

/** Sides that report these losses. */
function sidesWith(ours: string, peer: string): Sides {
  const side = (name: string, losses: string) => ({
    ...fakes.side(name),
    environment: { FAKE_LOSSES: losses },
  });
  return { ours: side('ours', ours), peer: side('peer', peer), peerName: 'Fake 1.0' };
}

test('losses that are equal but for rounding are reported', async () => {
  const line = await checkAgreement(network, sidesWith('[2, 1.5, 1]', '[2, 1.5, 1.0001]'), options);
  expect(line).toBe(
    'resnet8/agreement: ours 2.00000 1.50000 1.00000, Fake 1.0 2.00000 1.50000 1.00010; equal to 1.0e-4',
  );
});

test('our side goes first, since the peer reads what it writes', async () => {
  await checkAgreement(network, sidesWith('[2, 1.5, 1]', '[2, 1.5, 1]'), options);
  const begun = fakes.history.filter((line) => line.startsWith('begin'));
  expect(begun).toEqual(['begin ours prepare', 'begin ours run', 'begin peer prepare', 'begin peer run']);
});

test.each([
  ['another loss', '[2, 1.5, 1.002]', 'BENCH_DISAGREEMENT'],
  ['too few losses', '[2, 1.5]', 'BENCH_MEASUREMENT_MISSING'],
  ['no number', '[2, 1.5, null]', 'BENCH_MEASUREMENT_MISSING'],
])('%s is an error', async (_, peer, code) => {
  await expect(checkAgreement(network, sidesWith('[2, 1.5, 1]', peer), options)).rejects.toMatchObject({
    code,
  });
});

test('without a peer our losses are reported', async () => {
  const sides = { ...sidesWith('[2, 1.5, 1]', ''), peer: null, peerName: null };
  expect(await checkAgreement(network, sides, options)).toMatch(/ours 2\.00000 1\.50000 1\.00000, no peer/);
});
