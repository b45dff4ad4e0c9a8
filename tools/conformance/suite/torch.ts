import { registerTorchBackend } from '@protocl/tfjs-backend-torch';

import { settings } from './settings.js';

registerTorchBackend({ device: settings.device });
