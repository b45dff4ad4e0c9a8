import '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';

import { settings } from './settings.js';

// tfjs-core's test files define their specs for these environments when they are loaded, so this comes before them.
setTestEnvs([{ name: settings.backend, backendName: settings.backend, isDataSync: true }]);
