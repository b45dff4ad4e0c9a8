import { describeBatches } from './describeBatches.js';

describeBatches('torch');
