import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

import { settings } from './settings.js';

setWasmPaths(settings.wasmFolder);
