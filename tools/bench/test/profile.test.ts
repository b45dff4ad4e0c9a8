import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { profiledNetworks } from '../engine/networks.js';
import { formatProfiles, profileSteps, type SideProfile } from '../engine/profile.js';
import type { Sides } from '../harness/comparison.js';
import { parseOptions } from '../options.js';
import { FakeSides } from './fakeSides.js';

let fakes: FakeSides;
beforeEach(() => {
  fakes = new FakeSides();
});
afterEach(() => fakes.dispose());

const options = parseOptions(['profile', '--tiny', '--device', 'cuda']);
const [network] = profiledNetworks(options);

function sidesWith(ours: object[], peer: object[]): Sides {
  const side = (name: string, kernels: object[]) => ({
    ...fakes.side(name),
    environment: { FAKE_KERNELS: JSON.stringify(kernels) },
  });
  return { ours: side('ours', ours), peer: side('peer', peer), peerName: 'Fake 1.0' };
}

const kernel = (name: string, calls: number, seconds: number) => ({ name, calls, seconds, kind: 'kernel' });

test('of each side the ten longest kernels, what is left and the copies are told for one step', async () => {
  const short = Array.from({ length: 11 }, (_, i) => kernel(`short ${i}`, 3, 0.001 + i * 1e-6));
  const copy = { name: 'Memcpy DtoH (Device -> Pageable)', calls: 6, seconds: 0.0003, kind: 'copy' };
  const sides = sidesWith([...short, copy, kernel('gemm', 30, 0.06)], [kernel('conv', 3, 0.03)]);
  const [profile] = await profileSteps([network!], sides, options);
  expect(profile!.name).toBe('resnet8/batch-4/profile');
  const ours = profile!.ours as SideProfile;
  expect(ours.kernels).toHaveLength(10);
  expect(ours.kernels[0]).toEqual({ name: 'gemm', calls: 10, milliseconds: 20 });
  expect(ours.kernels[1]).toMatchObject({ name: 'short 10', calls: 1 });
  expect(ours).toMatchObject({
    others: { kinds: 2, calls: 2, milliseconds: expect.closeTo(2.001 / 3, 6) },
    copies: [{ name: copy.name, calls: 2, milliseconds: expect.closeTo(0.1) }],
  });
  expect(profile!.peer).toEqual({
    kernels: [{ name: 'conv', calls: 1, milliseconds: 10 }],
    others: { kinds: 0, calls: 0, milliseconds: 0 },
    copies: [],
  });
  const text = formatProfiles([profile!], 'Fake 1.0');
  expect(text).toMatch(/^resnet8\/batch-4\/profile: ours\n +20\.000 ms +10\.0 x {2}gemm\n/);
  expect(text).toMatch(/resnet8\/batch-4\/profile: Fake 1\.0\n +10\.000 ms +1\.0 x {2}conv/);
});

test('the steps that are looked at come after others, in which algorithms are chosen', async () => {
  await profileSteps([network!], { ...sidesWith([kernel('gemm', 3, 1)], []), peer: null }, options);
  expect(fakes.iterations('ours')).toEqual([1, 1, 1, 3]);
});

test('a side that cannot tell does not keep the other from it', async () => {
  const [profile] = await profileSteps([network!], sidesWith([], [kernel('conv', 3, 0.03)]), options);
  expect(profile!.ours).toEqual({ error: expect.stringContaining('did not report its kernels') });
  expect(profile!.peer).toMatchObject({ kernels: [{ name: 'conv' }] });
});
