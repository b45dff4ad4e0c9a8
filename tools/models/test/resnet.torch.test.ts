import { beforeAll } from '@jest/globals';
import { useBackend } from '@protocl/backend';

import { describeAgainstPyTorch } from './describeAgainstPyTorch.js';

beforeAll(async () => {
  await useBackend('torch', { threads: 1, log: () => undefined });
});

describeAgainstPyTorch();
