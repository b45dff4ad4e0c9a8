import { isProtoclError, ProtoclError, randomStream } from '@protocl/core';

import type { Page } from './page.js';

export const page: Page = async () => {
  const error = new ProtoclError('OUT_OF_RANGE', { given: 3 });
  return {
    draw: [randomStream({ seed: 1, purpose: 'page' }).permutation(5).toSorted().join(''), '01234'],
    error: [String(isProtoclError(error, 'OUT_OF_RANGE')), 'true'],
  };
};
