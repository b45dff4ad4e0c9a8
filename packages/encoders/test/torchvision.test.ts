import { beforeAll } from '@jest/globals';
import { useBackend } from '@protocl/backend';

import { describeAgainstTorchvision } from './describeAgainstTorchvision.js';

beforeAll(async () => {
  await useBackend('wasm', { log: () => undefined });
});

describeAgainstTorchvision();
