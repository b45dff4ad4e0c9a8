import { beforeAll, describe } from '@jest/globals';
import { registerTorchBackend } from '@protocl/tfjs-backend-torch';
import * as tf from '@tensorflow/tfjs-core';

import { useBackend } from '../src/index.js';
import type { BackendName } from '../src/index.js';

/**
 * The backends whose numbers have to agree. torch has to work: only the set-up, where libtorch cannot
 * be had, takes it out, and says so.
 */
const BACKENDS: BackendName[] =
  process.env['PROTOCL_WITHOUT_TORCH'] === '1' ? ['cpu', 'wasm'] : ['cpu', 'wasm', 'torch'];

/** A backend, and the device of torch. */
export interface Variant {
  readonly title: string;
  readonly name: BackendName;
  readonly device: string;
}

/** torch on the CPU, but by what it computes with on other devices. */
const AS_ON_A_GPU: Variant = { title: 'torch as on a GPU', name: 'torch', device: 'cpu:0' };

/** The backends, and torch once more for its device paths. */
export const VARIANTS: readonly Variant[] = BACKENDS.flatMap((name) =>
  name === 'torch'
    ? [{ title: name, name, device: process.env['PROTOCL_DEVICE'] ?? 'cpu' }, AS_ON_A_GPU]
    : [{ title: name, name, device: 'cpu' }],
);

/** Starts a variant; torch anew, whatever lives on it. */
export async function startVariant({ name, device }: Variant): Promise<void> {
  await useBackend(name, { log: () => undefined });
  if (name !== 'torch') return;
  registerTorchBackend({ device });
  await tf.setBackend('torch');
}

/** Runs the same tests on every backend. */
export function describeOnEveryBackend(name: string, tests: (device: string) => void): void {
  describe.each(VARIANTS)(`${name} on $title`, (variant) => {
    beforeAll(() => startVariant(variant), 600_000);
    tests(variant.device);
  });
}
