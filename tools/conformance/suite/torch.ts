import { registerTorchBackend } from '@protocl/tfjs-backend-torch';

import { settings } from './settings.js';

// TF32, which a GPU's convolutions may use otherwise, is outside of the suite's tolerances.
registerTorchBackend({ device: settings.device, float32Precision: 'highest' });
