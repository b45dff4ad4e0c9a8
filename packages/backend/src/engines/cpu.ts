import { findBackendFactory } from '@tensorflow/tfjs-core';

import type { Engine } from './engine.js';
import { importOptional } from './importOptional.js';
import { startRegistered } from './registeredBackend.js';

/** Plain JavaScript, through @tensorflow/tfjs-backend-cpu: works everywhere, but far slower. */
export const cpu: Engine = {
  name: 'cpu',
  tfjsName: 'cpu',
  async start() {
    if (findBackendFactory('cpu') === null) await importOptional('@tensorflow/tfjs-backend-cpu');
    await startRegistered('cpu');
    return 'cpu';
  },
};
